import { IsobathError } from '../base/errors.ts';
import type { CompiledProgram, RunResult } from '../engine/engine.ts';
import { copyRegion, place } from '../tensor/copy.ts';
import { regionShape } from '../tensor/region.ts';
import { Tensor, type TensorType } from '../tensor/tensor.ts';
import type { Bus } from '../transport/bus.ts';
import { type LegExchange, regionOf } from '../wire/messages/control.ts';
import type { HaloTry } from '../wire/messages/halo.ts';
import type { Topics } from '../wire/topics.ts';
import { HaloInbox, type HaloInboxOptions, type PieceName } from './halo-inbox.ts';
import { sendPiece } from './halo-sender.ts';

/** A shard in legs, ready to run. */
export interface LegJob extends HaloTry {
  /** The first, and one for each of `legs`. */
  readonly programs: readonly CompiledProgram[];
  readonly legs: readonly LegExchange[];
  readonly inputs: readonly Tensor[];
  /** The engine may take the memory of `inputs`. */
  readonly consume: boolean;
  /** So long a leg waits for its pieces. */
  readonly maxWaitMs?: number;
}

export interface LegRunnerOptions extends Omit<HaloInboxOptions, 'expect'> {
  readonly bus: Bus;
  readonly topics: Topics;
  readonly deployment: string;
  /** The legs of a shard that this worker has. */
  readonly legsOf: (stage: number, shard: number) => readonly LegExchange[] | undefined;
  readonly chunkBytes?: number;
}

/** Runs the shards in legs of one worker in one deployment: what a leg makes stays here, and its borders go to others. */
export class LegRunner {
  readonly inbox: HaloInbox;
  readonly #options: LegRunnerOptions;

  constructor(options: LegRunnerOptions) {
    this.#options = options;
    this.inbox = new HaloInbox({ ...options, expect: (wanted) => this.#typeOf(wanted) });
  }

  /** Throws ISO_ERR_HALO_MISSING, and as the engine does. */
  async run(job: LegJob): Promise<RunResult> {
    const sending: Promise<unknown>[] = [];
    try {
      let result = await job.programs[0]!.run(job.inputs, { consume: job.consume });
      let computeMs = result.computeMs;
      for (const [at, leg] of job.legs.entries()) {
        const made = result.outputs[0]!;
        requireType(made, leg.result, job);
        // the next leg goes on while they are on their way; what fails, fails the shard in the end
        const sent = this.#send(job, at + 1, leg, made);
        sent.catch(() => undefined);
        sending.push(sent);
        const input = await this.#assemble(job, at + 1, leg, made);
        result = await job.programs[at + 1]!.run([input], { consume: true });
        computeMs += result.computeMs;
      }
      await Promise.all(sending);
      return { outputs: result.outputs, computeMs };
    } finally {
      this.inbox.end(job);
    }
  }

  /** Ends all waiting. */
  close(): void {
    this.inbox.close();
  }

  async #send(job: LegJob, leg: number, { sends }: LegExchange, made: Tensor): Promise<void> {
    const { bus, topics, deployment, chunkBytes } = this.#options;
    const { request, stage, attempt, shard: from } = job;
    for (const { to, worker, region } of sends) {
      const address = { request, stage, shard: to, attempt, from, leg };
      await sendPiece(bus, topics.halo(deployment, worker), address, made, regionOf(region), chunkBytes);
    }
  }

  async #assemble(job: LegJob, at: number, leg: LegExchange, made: Tensor): Promise<Tensor> {
    const { dtype, shape } = leg.input;
    const input = Tensor.zeros(dtype, [...shape]);
    const { kept, receives } = leg;
    if (kept) copyRegion(made.data, made.shape, regionOf(kept.from), input.data, shape, regionOf(kept.to));
    const from = receives.map((piece) => piece.from);
    if (from.length === 0) return input;
    const pieces = await this.inbox.wait(job, at, from, job.maxWaitMs);
    for (const [index, { region }] of receives.entries())
      place(input.data, shape, regionOf(region), pieces[index]!.data);
    return input;
  }

  #typeOf({ stage, shard, leg, from }: PieceName & Pick<HaloTry, 'stage' | 'shard'>): TensorType | undefined {
    const reads = this.#options.legsOf(stage, shard)?.[leg - 1];
    const piece = reads?.receives.find((each) => each.from === from);
    return reads && piece && { dtype: reads.input.dtype, shape: regionShape(regionOf(piece.region)) };
  }
}

function requireType(made: Tensor, { dtype, shape }: TensorType, { stage, shard }: HaloTry): void {
  if (made.dtype === dtype && String(made.shape) === String(shape)) return;
  const reason = `a leg made ${made.dtype} [${made.shape}] where ${dtype} [${shape}] was announced`;
  throw IsobathError.of('ISO_ERR_ENGINE_RUN', {
    engine: 'of legs',
    program: `shard ${shard} of stage ${stage}`,
    reason,
  });
}
