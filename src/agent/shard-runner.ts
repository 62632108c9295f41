import { IsobathError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { bytesOf } from '../tensor/tensor.ts';
import type { Bus } from '../transport/bus.ts';
import { chunkRanges } from '../wire/chunks.ts';
import { encodeFrame, encodeMessage, type Unsealed } from '../wire/codec.ts';
import { VERSION } from '../wire/messages/common.ts';
import type { Reply } from '../wire/messages/reply.ts';
import type { ShardChunk, ShardTimes } from '../wire/messages/shard-chunk.ts';
import type { Topics } from '../wire/topics.ts';
import type { ShardJob } from './shard-inbox.ts';

export interface ShardRunnerOptions {
  readonly bus: Bus;
  readonly topics: Topics;
  readonly agent: string;
  readonly logger: Logger;
  /** Shards that wait or run; one more is refused. Default 64. */
  readonly maxQueue?: number;
  readonly chunkBytes?: number;
}

/** Runs shards and publishes their OFM regions. What goes wrong is told to the master, which runs the shard elsewhere. */
export class ShardRunner {
  readonly #options: ShardRunnerOptions;
  /** Runs and reports that have not ended. */
  readonly #open = new Set<Promise<void>>();
  #queued = 0;

  constructor(options: ShardRunnerOptions) {
    this.#options = options;
  }

  /** Takes a shard; never throws. */
  accept(job: ShardJob): void {
    const { maxQueue = 64, agent } = this.#options;
    const work =
      this.#queued >= maxQueue
        ? this.#report(job, IsobathError.of('ISO_ERR_AGENT_BUSY', { agent, queued: this.#queued }))
        : this.#run(job).catch((error: unknown) => this.#report(job, IsobathError.from(error)));
    const tracked = work.finally(() => this.#open.delete(tracked));
    this.#open.add(tracked);
  }

  /** Resolves when all that was accepted has ended. */
  async drain(): Promise<void> {
    await Promise.allSettled(this.#open);
  }

  async #run(job: ShardJob): Promise<void> {
    this.#queued += 1;
    try {
      await this.#runAndPublish(job);
    } finally {
      this.#queued -= 1;
    }
  }

  async #runAndPublish(job: ShardJob): Promise<void> {
    const ready = performance.now();
    const { outputs, computeMs } = await job.shard.program.run(job.inputs, { consume: job.exclusive });
    // the engine queues, so all that was not computing was waiting
    const waitMs = Math.max(0, performance.now() - ready - computeMs);
    const times: ShardTimes = { receiveMs: job.receiveMs, waitMs, computeMs };
    const { stage, shard } = job.shard.spec;
    const { bus, topics, chunkBytes } = this.#options;
    const topic = topics.ofm(job.deployment, stage, shard);
    const made = outputs.values();
    for (const [tensor, { scales }] of job.shard.spec.outputs.entries()) {
      const { dtype, shape, data } = made.next().value!;
      const factors = scales === undefined ? {} : { scales: bytesOf(made.next().value!.data) };
      const bytes = bytesOf(data);
      for (const { length, ...place } of chunkRanges(bytes.length, chunkBytes, data.BYTES_PER_ELEMENT)) {
        const last = tensor === job.shard.spec.outputs.length - 1 && place.seq === place.total - 1;
        const identity = {
          v: VERSION,
          request: job.request,
          stage,
          shard,
          attempt: job.attempt,
          tensor,
        } as const;
        const header: Unsealed<ShardChunk> = {
          ...identity,
          dtype,
          shape,
          ...place,
          ...factors,
          ...(last ? { times } : {}),
        };
        const frame = encodeFrame<ShardChunk>(header, length, (target) =>
          target.set(bytes.subarray(place.offset, place.offset + length)),
        );
        await bus.publish(topic, frame);
      }
    }
  }

  async #report(job: ShardJob, error: IsobathError): Promise<void> {
    const { bus, topics, agent, logger } = this.#options;
    const { deployment, request, attempt } = job;
    const { stage, shard } = job.shard.spec;
    logger.warn({ code: error.code, request, stage, shard }, error.message);
    const identity = { deployment, request, stage, shard, attempt };
    const reply: Reply = { v: VERSION, type: 'shard-failed', ...identity, error: error.toJSON() };
    await bus.publish(topics.reply(agent), encodeMessage(reply), { qos: 1 }).catch(() => undefined);
  }
}
