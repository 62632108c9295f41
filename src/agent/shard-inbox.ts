import { RecentSet } from '../base/recent-set.ts';
import { scaleShape } from '../tensor/precision.ts';
import { Tensor } from '../tensor/tensor.ts';
import { ALL_SHARDS, regionKey, type ShardChunk, scalesIn } from '../wire/messages/shard-chunk.ts';
import { elementsOf } from '../wire/reassembly.ts';
import { ReassemblyTable } from '../wire/reassembly-table.ts';
import type { Deployment, ResidentShard } from './deployments.ts';

/** A shard whose IFM regions are all there. */
export interface ShardJob {
  readonly deployment: string;
  readonly request: string;
  readonly attempt: number;
  readonly shard: ResidentShard;
  /** As the program takes them: the scales of an int8 region follow it. */
  readonly inputs: readonly Tensor[];
  /** True where no other shard reads the inputs, so that the engine may take their memory. */
  readonly exclusive: boolean;
  readonly receiveMs: number;
}

/** Regions that arrived for one (request, stage): on the shared topic, or for one try of one shard. */
interface Arrivals {
  readonly startedMs: number;
  /** Each with its scales, where it has some. */
  readonly inputs: Map<number, readonly Tensor[]>;
  /** Shards that took the shared regions already. */
  readonly served: Set<number>;
  /** Memory of `inputs`. */
  bytes: number;
}

export interface ShardInboxOptions {
  /** Memory of regions that wait for others, and again so much of regions under way. Default 512 MiB. */
  readonly maxBytes?: number;
  /** Regions that came so long ago are given up: the master has given the shard to another. Default 120000 ms. */
  readonly maxAgeMs?: number;
}

/** Tries of which something arrived but not all; the oldest are given up. */
const MAX_ARRIVALS = 512;
/** Tries that ran lately: what comes of them again is a double. */
const REMEMBERED = 1024;

/** Collects the IFM regions of one deployment and tells when a shard can run. */
export class ShardInbox {
  readonly #deployment: Deployment;
  readonly #onReady: (job: ShardJob) => void;
  readonly #maxBytes: number;
  readonly #maxAgeMs: number;
  readonly #table: ReassemblyTable;
  /** In the order of arrival: a Map keeps it. */
  readonly #arrivals = new Map<string, Arrivals>();
  readonly #done = new RecentSet(REMEMBERED);
  #heldBytes = 0;

  constructor(deployment: Deployment, onReady: (job: ShardJob) => void, options: ShardInboxOptions = {}) {
    this.#deployment = deployment;
    this.#onReady = onReady;
    this.#maxBytes = options.maxBytes ?? 2 ** 29;
    this.#maxAgeMs = options.maxAgeMs ?? 120_000;
    this.#table = new ReassemblyTable({ maxBytes: this.#maxBytes });
  }

  /** Memory of regions that wait for others or for chunks. */
  get heldBytes(): number {
    return this.#heldBytes + this.#table.heldBytes;
  }

  /** Throws ISO_ERR_WIRE_MALFORMED for a chunk that no shard of this deployment expects. */
  add(topic: string, chunk: ShardChunk, bytes: Uint8Array): void {
    const addressed = this.#addressed(chunk);
    const expect = addressed[0]?.spec.inputs[chunk.tensor];
    const key = arrivalKey(chunk);
    if (!expect || this.#done.has(key) || this.#arrivals.get(key)?.inputs.has(chunk.tensor)) return;
    const scales = scalesIn(topic, chunk, expect.scales);
    const done = this.#table.add(regionKey(chunk), topic, chunk, bytes, { expect });
    const arrivals = this.#arrivalsOf(key);
    if (!done) return;
    const data = elementsOf(expect.dtype, done.take()!);
    const region = Tensor.of(expect.dtype, expect.shape, data);
    const factors = scales ? [Tensor.of('float32', scaleShape(expect), scales)] : [];
    arrivals.inputs.set(chunk.tensor, [region, ...factors]);
    arrivals.bytes += data.byteLength;
    this.#heldBytes += data.byteLength;
    for (const shard of addressed) this.#tryShard(shard, chunk);
    this.#makeRoom(key);
  }

  /** A chunk on the shared topic is meant for each shard of the stage that runs here. */
  #addressed({ stage, shard, attempt }: ShardChunk): ResidentShard[] {
    if (shard === ALL_SHARDS) return attempt === 0 ? this.#deployment.sharing(stage) : [];
    const found = this.#deployment.shard(stage, shard);
    return found ? [found] : [];
  }

  #tryShard(shard: ResidentShard, { request, stage, attempt }: ShardChunk): void {
    const { spec } = shard;
    const own = this.#arrivals.get(arrivalKey({ request, stage, shard: spec.shard, attempt }));
    const shared =
      attempt === 0
        ? this.#arrivals.get(arrivalKey({ request, stage, shard: ALL_SHARDS, attempt }))
        : undefined;
    const inputs = spec.inputs.map((_, at) => own?.inputs.get(at) ?? shared?.inputs.get(at));
    if (inputs.some((input) => input === undefined) || shared?.served.has(spec.shard)) return;
    const started = Math.min(
      own?.startedMs ?? Number.POSITIVE_INFINITY,
      shared?.startedMs ?? Number.POSITIVE_INFINITY,
    );
    const readers = shared ? this.#deployment.sharing(stage).length : 1;
    this.#finish(arrivalKey({ request, stage, shard: spec.shard, attempt }));
    if (shared) {
      shared.served.add(spec.shard);
      if (shared.served.size === readers)
        this.#finish(arrivalKey({ request, stage, shard: ALL_SHARDS, attempt }));
    }
    this.#onReady({
      deployment: this.#deployment.id,
      request,
      attempt,
      shard,
      inputs: (inputs as Tensor[][]).flat(),
      exclusive: readers === 1,
      receiveMs: performance.now() - started,
    });
  }

  #arrivalsOf(key: string): Arrivals {
    let arrivals = this.#arrivals.get(key);
    if (!arrivals) {
      arrivals = { startedMs: performance.now(), inputs: new Map(), served: new Set(), bytes: 0 };
      this.#arrivals.set(key, arrivals);
      this.#makeRoom(key);
    }
    return arrivals;
  }

  /** Gives up what is too old, and the oldest of what is too much; never `current`. */
  #makeRoom(current: string): void {
    const tooOld = performance.now() - this.#maxAgeMs;
    for (const [key, { startedMs }] of this.#arrivals) {
      const fits = this.#arrivals.size <= MAX_ARRIVALS && this.#heldBytes <= this.#maxBytes;
      if (fits && startedMs >= tooOld) return;
      if (key !== current) this.#forget(key);
    }
  }

  #finish(key: string): void {
    this.#done.add(key);
    this.#forget(key);
  }

  #forget(key: string): void {
    this.#heldBytes -= this.#arrivals.get(key)?.bytes ?? 0;
    this.#arrivals.delete(key);
    this.#table.dropAll(`${key}/`);
  }
}

function arrivalKey({
  request,
  stage,
  shard,
  attempt,
}: Pick<ShardChunk, 'request' | 'stage' | 'shard' | 'attempt'>): string {
  return `${request}/${stage}/${shard}/${attempt}`;
}
