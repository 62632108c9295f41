import type { RunResult } from '../engine/engine.ts';
import { LegRunner } from '../exchange/leg-runner.ts';
import type { Dataflow, FlowShard } from '../planner/dataflow.ts';
import { MASTER } from '../planner/plan.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Bus } from '../transport/bus.ts';
import { decodeFrame, encodeFrame } from '../wire/codec.ts';
import { VERSION } from '../wire/messages/common.ts';
import type { LegExchange } from '../wire/messages/control.ts';
import { HALO_CHUNK, type HaloGone } from '../wire/messages/halo.ts';
import type { Topics } from '../wire/topics.ts';
import { exchangesOf, programsOf } from './leg-specs.ts';
import type { LocalPrograms } from './local-programs.ts';

export interface LegShardsOptions {
  readonly bus: Bus;
  readonly topics: Topics;
  readonly deployment: string;
  readonly flow: Dataflow;
  readonly local: LocalPrograms;
  readonly chunkBytes?: number;
}

export interface OwnLegRun {
  readonly request: string;
  readonly inputs: readonly Tensor[];
  readonly consume: boolean;
  readonly maxWaitMs: number;
}

/** The only try of a shard in legs: what fails then runs alone. */
export const LEG_ATTEMPT = 0;

/** The shards in legs that the master runs itself, and what it tells workers whose neighbour failed. */
export class LegShards {
  readonly #options: LegShardsOptions;
  /** Of the master's own shards, by stage and shard. */
  readonly #own: ReadonlyMap<string, readonly LegExchange[]>;
  readonly #runner: LegRunner;
  #unsubscribe: (() => Promise<void>) | undefined;

  constructor(options: LegShardsOptions) {
    this.#options = options;
    const own = options.flow.shards.filter(({ planned }) => planned.shard.legs && planned.worker === MASTER);
    this.#own = new Map(
      own.map(({ stage, index }) => [nameOf(stage.index, index), exchangesOf(stage.shards, index)]),
    );
    const legsOf = (stage: number, shard: number) => this.#own.get(nameOf(stage, shard));
    this.#runner = new LegRunner({ ...options, legsOf });
  }

  /** Listens for pieces, where it runs a share itself. */
  async start(): Promise<void> {
    if (this.#own.size === 0) return;
    const { bus, topics, deployment } = this.#options;
    this.#unsubscribe = await bus.subscribe(topics.halo(deployment, MASTER), (topic, payload) => {
      const { header, bytes } = decodeFrame(HALO_CHUNK, topic, payload);
      this.#runner.inbox.add(topic, header, bytes);
    });
  }

  async stop(): Promise<void> {
    this.#runner.close();
    await this.#unsubscribe?.().catch(() => undefined);
  }

  /** Throws ISO_ERR_HALO_MISSING, and as the engine does. */
  async run({ stage, index, planned }: FlowShard, run: OwnLegRun): Promise<RunResult> {
    const programs = await Promise.all(
      programsOf(planned.shard).map((program) => this.#options.local.plain(program)),
    );
    const of = { stage: stage.index, shard: index, attempt: LEG_ATTEMPT };
    return this.#runner.run({ ...of, ...run, programs, legs: this.#own.get(nameOf(of.stage, index))! });
  }

  /** The shard is given up: nobody is to wait for its pieces, nor its worker for those of others. */
  tellGone(request: string, { stage, index, planned }: FlowShard): void {
    const neighbours = (of: 'sends' | 'receives') =>
      new Set(planned.shard.legs!.flatMap((leg) => leg[of].map(({ shard }) => shard)));
    for (const reader of neighbours('sends')) this.#tell(request, stage, index, reader);
    for (const sender of neighbours('receives')) this.#tell(request, stage, sender, index);
  }

  #tell(request: string, { index, shards }: FlowShard['stage'], from: number, shard: number): void {
    const { bus, topics, deployment } = this.#options;
    const identity = { request, stage: index, shard, attempt: LEG_ATTEMPT, from };
    const gone = encodeFrame<HaloGone>({ v: VERSION, kind: 'gone', ...identity }, 0, () => undefined);
    // a lost one costs patience and no more
    bus.publish(topics.halo(deployment, shards[shard]!.worker), gone).catch(() => undefined);
  }
}

const nameOf = (stage: number, shard: number) => `${stage}/${shard}`;
