import { afterAwake } from '../base/awake-timer.ts';
import { IsobathError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { knownTypeOf } from '../graph/graph.ts';
import type { FlowShard } from '../planner/dataflow.ts';
import { type Precision, wireTypeOf } from '../tensor/precision.ts';
import { fromWire } from '../tensor/wire-region.ts';
import type { Bus } from '../transport/bus.ts';
import { decodeFrame } from '../wire/codec.ts';
import { SHARD_CHUNK, type ShardChunk, type ShardTimes, scalesIn } from '../wire/messages/shard-chunk.ts';
import { elementsOf, Reassembly } from '../wire/reassembly.ts';
import type { Topics } from '../wire/topics.ts';
import type { Fleet } from './fleet.ts';
import type { JoinedTensors } from './join.ts';

/** One try of one shard on one agent. */
export interface RemoteCall {
  readonly request: string;
  readonly flow: FlowShard;
  readonly attempt: number;
  readonly agent: string;
  readonly joined: JoinedTensors;
}

export interface RemoteAnswer {
  readonly agentTimes: ShardTimes;
  /** From the first to the last chunk of the OFM regions. */
  readonly receiveMs: number;
  /** Placing and summing. */
  readonly joinMs: number;
  readonly bytes: number;
  readonly chunks: number;
}

interface Pending extends RemoteCall {
  readonly regions: Map<number, Reassembly>;
  readonly done: Set<number>;
  firstMs: number;
  joinMs: number;
  bytes: number;
  chunks: number;
  times: ShardTimes | undefined;
  resolve(answer: RemoteAnswer): void;
  reject(error: Error): void;
}

export interface RemoteShardsOptions {
  readonly bus: Bus;
  readonly topics: Topics;
  readonly deployment: string;
  readonly fleet: Fleet;
  readonly logger: Logger;
  readonly wire: Precision;
}

/** Receives the OFM regions of one deployment. What nobody waits for, late or double, is dropped. */
export class RemoteShards {
  readonly #options: RemoteShardsOptions;
  readonly #pending = new Map<string, Pending>();
  readonly #undo: (() => unknown)[] = [];

  constructor(options: RemoteShardsOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { bus, topics, deployment, fleet } = this.#options;
    this.#undo.push(
      await bus.subscribe(topics.everyOfm(deployment), (topic, payload) => this.#onChunk(topic, payload)),
      fleet.on('left', ({ id, reason }) => {
        this.#failWhere((call) => call.agent === id, `the agent ${id} is ${reason}`);
      }),
      fleet.on('reply', ({ agent, reply }) => {
        if (reply.type !== 'shard-failed' || reply.deployment !== deployment) return;
        const call = this.#pending.get(callKey(reply));
        if (call?.agent === agent) call.reject(IsobathError.revive(reply.error));
      }),
    );
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#undo.splice(0).map((undo) => undo()));
    this.#failWhere(() => true, 'the deployment ended');
  }

  /**
   * Resolves when all OFM regions are joined; rejects when the agent fails, leaves, or `deadlineMs` is over, and when
   * `sending`, which brings it the IFM regions, does.
   */
  async expect(call: RemoteCall, deadlineMs: number, sending: Promise<unknown>): Promise<RemoteAnswer> {
    const { request, attempt, flow } = call;
    const key = callKey({ request, stage: flow.stage.index, shard: flow.index, attempt });
    let endWait: (() => void) | undefined;
    try {
      return await new Promise<RemoteAnswer>((resolve, reject) => {
        const state = {
          regions: new Map(),
          done: new Set<number>(),
          firstMs: 0,
          joinMs: 0,
          bytes: 0,
          chunks: 0,
          times: undefined,
        };
        this.#pending.set(key, { ...call, ...state, resolve, reject });
        endWait = afterAwake(deadlineMs, () => reject(new DeadlineError(deadlineMs)));
        sending.catch(reject);
      });
    } finally {
      endWait?.();
      this.#pending.delete(key);
    }
  }

  #failWhere(matches: (call: Pending) => boolean, reason: string): void {
    for (const call of [...this.#pending.values()]) if (matches(call)) call.reject(new Error(reason));
  }

  #onChunk(topic: string, payload: Uint8Array): void {
    const { header, bytes } = decodeFrame(SHARD_CHUNK, topic, payload);
    const call = this.#pending.get(callKey(header));
    if (!call || call.done.has(header.tensor)) {
      this.#options.logger.debug({ topic, attempt: header.attempt }, 'A late or double part was dropped.');
      return;
    }
    call.firstMs ||= performance.now();
    call.bytes += bytes.length + (header.scales?.length ?? 0);
    call.chunks += 1;
    call.times = header.times ?? call.times;
    try {
      this.#join(topic, call, header, bytes);
    } catch (error) {
      // its parts contradict one another or the plan: nothing right will come of them
      call.reject(error as Error);
      return;
    }
    if (call.done.size < call.flow.planned.shard.outputs.length || !call.times) return;
    const { joinMs, bytes: received, chunks, times: agentTimes } = call;
    const receiveMs = performance.now() - call.firstMs;
    call.resolve({ agentTimes, receiveMs, joinMs, bytes: received, chunks });
  }

  #join(topic: string, call: Pending, header: ShardChunk, bytes: Uint8Array): void {
    const { shard } = call.flow.planned;
    const output = shard.outputs[header.tensor];
    if (!output) return;
    const { tensor, region, join } = output;
    const started = performance.now();
    const own = knownTypeOf(shard.program.types, shard.program.outputs[header.tensor]!);
    const expect = wireTypeOf(own, this.#options.wire);
    const { dtype } = expect;
    // each chunk has all scales of its region, whichever comes first
    const scales = scalesIn(topic, header, expect.scales);
    let parts = call.regions.get(header.tensor);
    if (!parts) {
      // placed regions go straight into the joined tensor; sums are collected, because they are added in order
      const sink = (offset: number, part: Uint8Array) =>
        call.joined.placeBytes(tensor, region, offset, part, { dtype, scales });
      parts = new Reassembly(topic, header, join === 'place' ? { expect, sink } : { expect });
      call.regions.set(header.tensor, parts);
    }
    if (parts.add(header, bytes)) {
      call.done.add(header.tensor);
      if (join === 'sum') {
        const part = fromWire(own, elementsOf(dtype, parts.take()!), scales);
        call.joined.addPart(tensor, region, call.flow.id, part);
      }
    }
    call.joinMs += performance.now() - started;
  }
}

/** The agent did not answer in time; it may be frozen. */
export class DeadlineError extends Error {
  readonly deadlineMs: number;

  constructor(deadlineMs: number) {
    super(`no answer within ${Math.round(deadlineMs)} ms`);
    this.deadlineMs = deadlineMs;
  }
}

function callKey({
  request,
  stage,
  shard,
  attempt,
}: Pick<ShardChunk, 'request' | 'stage' | 'shard' | 'attempt'>): string {
  return `${request}/${stage}/${shard}/${attempt}`;
}
