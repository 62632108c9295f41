import { Tensor } from '../tensor/tensor.ts';
import { ALL_SHARDS, regionKey, type ShardChunk } from '../wire/messages/shard-chunk.ts';
import { elementsOf } from '../wire/reassembly.ts';
import { ReassemblyTable } from '../wire/reassembly-table.ts';
import type { Deployment, ResidentShard } from './deployments.ts';

/** A shard whose IFM regions are all there. */
export interface ShardJob {
  readonly deployment: string;
  readonly request: string;
  readonly attempt: number;
  readonly shard: ResidentShard;
  readonly inputs: readonly Tensor[];
  /** True where no other shard reads the inputs, so that the engine may take their memory. */
  readonly exclusive: boolean;
  readonly receiveMs: number;
}

/** Regions that arrived for one (request, stage): on the shared topic, or for one try of one shard. */
interface Arrivals {
  readonly startedMs: number;
  readonly inputs: Map<number, Tensor>;
  /** Shards that took the shared regions already. */
  readonly served: Set<number>;
}

/** Requests of which something arrived but not all; the oldest are given up. */
const MAX_ARRIVALS = 512;

/** Collects the IFM regions of one deployment and tells when a shard can run. */
export class ShardInbox {
  readonly #deployment: Deployment;
  readonly #onReady: (job: ShardJob) => void;
  readonly #table = new ReassemblyTable({ maxBytes: 2 ** 30 });
  readonly #arrivals = new Map<string, Arrivals>();

  constructor(deployment: Deployment, onReady: (job: ShardJob) => void) {
    this.#deployment = deployment;
    this.#onReady = onReady;
  }

  /** Throws ISO_ERR_WIRE_MALFORMED for a chunk that no shard of this deployment expects. */
  add(topic: string, chunk: ShardChunk, bytes: Uint8Array): void {
    const addressed = this.#addressed(chunk);
    const expect = addressed[0]?.spec.inputs[chunk.tensor];
    if (!expect) return;
    const key = arrivalKey(chunk);
    const arrivals = this.#arrivalsOf(key);
    const done = this.#table.add(regionKey(chunk), topic, chunk, bytes, { expect });
    if (!done) return;
    const data = elementsOf(expect.dtype, done.take()!);
    arrivals.inputs.set(chunk.tensor, Tensor.of(expect.dtype, expect.shape, data));
    for (const shard of addressed) this.#tryShard(shard, chunk);
  }

  /** A chunk on the shared topic is meant for each shard of the stage that runs here. */
  #addressed({ stage, shard }: ShardChunk): ResidentShard[] {
    if (shard === ALL_SHARDS) return this.#deployment.sharing(stage);
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
    this.#forget(arrivalKey({ request, stage, shard: spec.shard, attempt }));
    if (shared) {
      shared.served.add(spec.shard);
      if (shared.served.size === readers)
        this.#forget(arrivalKey({ request, stage, shard: ALL_SHARDS, attempt }));
    }
    this.#onReady({
      deployment: this.#deployment.id,
      request,
      attempt,
      shard,
      inputs: inputs as Tensor[],
      exclusive: readers === 1,
      receiveMs: performance.now() - started,
    });
  }

  #arrivalsOf(key: string): Arrivals {
    let arrivals = this.#arrivals.get(key);
    if (!arrivals) {
      arrivals = { startedMs: performance.now(), inputs: new Map(), served: new Set() };
      this.#arrivals.set(key, arrivals);
      if (this.#arrivals.size > MAX_ARRIVALS) this.#forget(this.#arrivals.keys().next().value!);
    }
    return arrivals;
  }

  #forget(key: string): void {
    this.#arrivals.delete(key);
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
