import { IsobathError } from '../base/errors.ts';
import { RecentSet } from '../base/recent-set.ts';
import { Tensor, type TensorType } from '../tensor/tensor.ts';
import type { HaloChunk, HaloGone, HaloPieceChunk, HaloTry } from '../wire/messages/halo.ts';
import { elementsOf } from '../wire/reassembly.ts';
import { ReassemblyTable } from '../wire/reassembly-table.ts';

/** Which piece: the leg that reads it and the shard that made it. */
export interface PieceName {
  readonly leg: number;
  readonly from: number;
}

export interface HaloInboxOptions {
  /** What a shard of this worker waits for; undefined for what none does. */
  readonly expect: (wanted: PieceName & Pick<HaloTry, 'stage' | 'shard'>) => TensorType | undefined;
  /** Memory of whole pieces, and again so much of pieces under way. Default 256 MiB. */
  readonly maxBytes?: number;
  /** So long a leg waits for its pieces, and a piece for its leg. Default 120000 ms. */
  readonly maxAgeMs?: number;
}

/** What is there of one try of a shard. */
interface Visit {
  readonly startedMs: number;
  readonly pieces: Map<string, Tensor>;
  /** Shards whose pieces will not come. */
  readonly gone: Set<number>;
  bytes: number;
  waiting: Waiting | undefined;
}

interface Waiting {
  readonly leg: number;
  readonly from: readonly number[];
  resolve(pieces: Tensor[]): void;
  reject(error: Error): void;
}

/** Tries of which something is there; the oldest are given up. */
const MAX_VISITS = 512;
/** Tries that ended lately: what comes of them is late or double. */
const REMEMBERED = 1024;

/**
 * Receives the halo pieces for the shards of one worker. A piece may be there before its leg asks for it, because the
 * neighbour was faster. What nobody waits for, late or double, is dropped; pieces of different tries are never mixed.
 */
export class HaloInbox {
  readonly #expect: HaloInboxOptions['expect'];
  readonly #maxBytes: number;
  readonly #maxAgeMs: number;
  readonly #table: ReassemblyTable;
  /** In the order of arrival: a Map keeps it. */
  readonly #visits = new Map<string, Visit>();
  readonly #done = new RecentSet(REMEMBERED);
  #heldBytes = 0;
  #closed = false;

  constructor({ expect, maxBytes = 2 ** 28, maxAgeMs = 120_000 }: HaloInboxOptions) {
    this.#expect = expect;
    this.#maxBytes = maxBytes;
    this.#maxAgeMs = maxAgeMs;
    this.#table = new ReassemblyTable({ maxBytes });
  }

  /** Memory of pieces that wait for their leg or for chunks. */
  get heldBytes(): number {
    return this.#heldBytes + this.#table.heldBytes;
  }

  /** Throws ISO_ERR_WIRE_MALFORMED for a piece of another type than its leg reads. */
  add(topic: string, chunk: HaloChunk, bytes: Uint8Array): void {
    const key = keyOf(chunk);
    if (this.#closed || this.#done.has(key)) return;
    if (chunk.kind === 'gone') this.#miss(key, chunk);
    else this.#take(key, topic, chunk, bytes);
  }

  /**
   * The pieces for a leg, in the order of `from`. Rejects with ISO_ERR_HALO_MISSING when one of them will not come, or did
   * not in time.
   */
  async wait(of: HaloTry, leg: number, from: readonly number[], maxMs = this.#maxAgeMs): Promise<Tensor[]> {
    const key = keyOf(of);
    if (this.#closed) throw missing(of, from[0] ?? of.shard, CLOSED);
    const visit = this.#visitOf(key);
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Tensor[]>((resolve, reject) => {
        const late = () => {
          const wanted = from.find((shard) => !visit.pieces.has(nameOf({ leg, from: shard })));
          reject(missing(of, wanted ?? of.shard, `they did not come within ${Math.round(maxMs)} ms`));
        };
        timer = setTimeout(late, maxMs);
        visit.waiting = { leg, from, resolve, reject };
        this.#serve(key, of, visit);
      });
    } finally {
      clearTimeout(timer);
      visit.waiting = undefined;
    }
  }

  /** The try has ended, well or not: what comes of it from now on is dropped. */
  end(of: HaloTry): void {
    this.#done.add(keyOf(of));
    this.#forget(keyOf(of));
  }

  /** Nobody is to wait any more. */
  close(): void {
    this.#closed = true;
    for (const [key, { waiting }] of [...this.#visits]) {
      waiting?.reject(missing(tryOf(key), waiting.from[0] ?? 0, CLOSED));
      this.#forget(key);
    }
  }

  #take(key: string, topic: string, chunk: HaloPieceChunk, bytes: Uint8Array): void {
    const name = nameOf(chunk);
    const expect = this.#expect(chunk);
    if (!expect || this.#visits.get(key)?.pieces.has(name)) return;
    const done = this.#table.add(`${key}/${name}`, topic, chunk, bytes, { expect });
    const visit = this.#visitOf(key);
    if (!done) return;
    const data = elementsOf(expect.dtype, done.take()!);
    visit.pieces.set(name, Tensor.of(expect.dtype, [...expect.shape], data));
    visit.bytes += data.byteLength;
    this.#heldBytes += data.byteLength;
    this.#serve(key, chunk, visit);
    this.#makeRoom(key);
  }

  #miss(key: string, chunk: HaloGone): void {
    const visit = this.#visitOf(key);
    visit.gone.add(chunk.from);
    this.#serve(key, chunk, visit);
  }

  /** Gives the leg that waits its pieces, or tells it that one will not come. */
  #serve(key: string, of: HaloTry, visit: Visit): void {
    const { waiting, pieces, gone } = visit;
    if (!waiting) return;
    const { leg, from } = waiting;
    const names = from.map((shard) => nameOf({ leg, from: shard }));
    const lost = from.find((shard, at) => gone.has(shard) && !pieces.has(names[at]!));
    if (lost !== undefined) {
      waiting.reject(missing(of, lost, 'the master has given that shard up'));
      return;
    }
    const found = names.map((name) => pieces.get(name));
    if (found.includes(undefined)) return;
    for (const [at, name] of names.entries()) {
      pieces.delete(name);
      this.#table.drop(`${key}/${name}`);
      visit.bytes -= found[at]!.byteLength;
      this.#heldBytes -= found[at]!.byteLength;
    }
    waiting.resolve(found as Tensor[]);
  }

  #visitOf(key: string): Visit {
    let visit = this.#visits.get(key);
    if (!visit) {
      visit = {
        startedMs: performance.now(),
        pieces: new Map(),
        gone: new Set(),
        bytes: 0,
        waiting: undefined,
      };
      this.#visits.set(key, visit);
      this.#makeRoom(key);
    }
    return visit;
  }

  /** Gives up what is too old, and the oldest of what is too much; never `current`. */
  #makeRoom(current: string): void {
    const tooOld = performance.now() - this.#maxAgeMs;
    for (const [key, { startedMs, waiting }] of this.#visits) {
      const fits = this.#visits.size <= MAX_VISITS && this.#heldBytes <= this.#maxBytes;
      if (fits && startedMs >= tooOld) return;
      // one that waits has a time limit of its own
      if (key === current || (fits && waiting)) continue;
      waiting?.reject(missing(tryOf(key), waiting.from[0] ?? 0, 'too many pieces wait for others'));
      this.#forget(key);
    }
  }

  #forget(key: string): void {
    this.#heldBytes -= this.#visits.get(key)?.bytes ?? 0;
    this.#visits.delete(key);
    this.#table.dropAll(`${key}/`);
  }
}

const CLOSED = 'the deployment ended';

function missing({ stage, shard }: Pick<HaloTry, 'stage' | 'shard'>, from: number, reason: string) {
  return IsobathError.of('ISO_ERR_HALO_MISSING', { stage, shard, from, reason });
}

function keyOf({ request, stage, shard, attempt }: HaloTry): string {
  return `${request}/${stage}/${shard}/${attempt}`;
}

/** Names have no slash. */
function tryOf(key: string): Pick<HaloTry, 'stage' | 'shard'> {
  const [, stage, shard] = key.split('/');
  return { stage: Number(stage), shard: Number(shard) };
}

const nameOf = ({ leg, from }: PieceName) => `${leg}/${from}`;
