import { Emitter } from '../base/emitter.ts';
import { IsobathError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Service } from '../base/service.ts';
import type { Engine } from '../engine/engine.ts';
import { assumedFleet } from '../estimator/assumed.ts';
import type { Manifest } from '../formats/manifest.ts';
import type { Graph } from '../graph/graph.ts';
import type { DeadlineOptions } from '../planner/deadlines.ts';
import { MASTER } from '../planner/plan.ts';
import { type PlanOptions, planGraph } from '../planner/strategies.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Bus } from '../transport/bus.ts';
import { CHUNK_BYTES } from '../wire/chunks.ts';
import type { Topics } from '../wire/topics.ts';
import type { BlobServer } from './blob-server.ts';
import { Deployment } from './deployment.ts';
import type { Fleet, Member } from './fleet.ts';
import type { InferenceResult } from './inference.ts';
import { ProgramPacker } from './packed-program.ts';

/** A model that the master serves. */
export interface ServedModel extends PlanOptions {
  readonly name: string;
  /** With complete `types`. */
  readonly graph: Graph;
  readonly manifest?: Manifest;
}

export interface ModelServiceOptions {
  readonly model: ServedModel;
  readonly bus: Bus;
  readonly topics: Topics;
  readonly fleet: Fleet;
  readonly blobs: BlobServer;
  readonly engine: Engine;
  readonly logger: Logger;
  readonly standby?: number;
  readonly chunkBytes?: number;
  readonly deadlines?: DeadlineOptions;
  readonly deployTimeoutMs?: number;
  /** The fleet must be quiet for so long before a new plan is made. Default 300 ms. */
  readonly settleMs?: number;
}

type ModelEvents = {
  deployed: { readonly model: string; readonly deployment: Deployment };
  /** A new plan is tried later; what ran before goes on. */
  failed: { readonly model: string; readonly error: IsobathError };
};

/** How long a new plan waits after a failed one, doubling up to the maximum. */
const RETRY_MS = { first: 500, max: 30_000 };

/** Keeps one model deployed on whatever fleet there is; the running deployment stays until the next one is ready. */
export class ModelService extends Emitter<ModelEvents> implements Service {
  readonly #options: ModelServiceOptions;
  readonly #packer = new ProgramPacker();
  readonly #undo: (() => void)[] = [];
  #current: { deployment: Deployment; fleet: string } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  #retryMs = RETRY_MS.first;
  #stopped = false;

  constructor(options: ModelServiceOptions) {
    super();
    this.#options = options;
  }

  get model(): ServedModel {
    return this.#options.model;
  }

  /** The deployment that serves requests now. */
  get deployment(): Deployment | undefined {
    return this.#current?.deployment;
  }

  async start(): Promise<void> {
    const { fleet } = this.#options;
    this.#undo.push(
      fleet.on('joined', () => this.#schedule()),
      fleet.on('left', () => this.#schedule()),
    );
    this.#schedule(0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const step of this.#undo.splice(0)) step();
    await this.#work;
    await this.#current?.deployment.stop();
    this.#current = undefined;
  }

  /** Throws ISO_ERR_MODEL_NOT_SERVED until the first deployment is ready, and what the engine throws. */
  async infer(request: string, inputs: ReadonlyMap<string, Tensor>): Promise<InferenceResult> {
    if (!this.#current) {
      throw IsobathError.of('ISO_ERR_MODEL_NOT_SERVED', {
        model: this.model.name,
        served: 'it is being deployed',
      });
    }
    return this.#current.deployment.infer(request, inputs);
  }

  #schedule(delayMs = this.#options.settleMs ?? 300): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#work = this.#work.then(() => this.#reconcile());
    }, delayMs);
  }

  async #reconcile(): Promise<void> {
    const { fleet, logger, model } = this.#options;
    const members = fleet.members;
    const state = fingerprint(members);
    if (this.#stopped || this.#current?.fleet === state) return;
    const deployment = this.#deploymentFor(members);
    try {
      await deployment.start();
    } catch (cause) {
      const error = IsobathError.from(cause);
      logger.error({ model: model.name, code: error.code, retryMs: this.#retryMs }, error.message);
      this.emit('failed', { model: model.name, error });
      this.#schedule(this.#retryMs);
      this.#retryMs = Math.min(RETRY_MS.max, this.#retryMs * 2);
      return;
    }
    this.#retryMs = RETRY_MS.first;
    const previous = this.#current;
    this.#current = { deployment, fleet: state };
    logger.info({ model: model.name, agents: deployment.agents.length }, 'The model is deployed.');
    this.emit('deployed', { model: model.name, deployment });
    await previous?.deployment.stop();
    if (fingerprint(fleet.members) !== state) this.#schedule();
  }

  #deploymentFor(members: readonly Member[]): Deployment {
    const { model, settleMs: _, ...shared } = this.#options;
    const workers = members.map(({ id, profile }) => ({ id, weight: profile.weight }));
    const fleet = assumedFleet(MASTER, workers, shared.chunkBytes ?? CHUNK_BYTES);
    const plan = planGraph(model.graph, fleet, model);
    return new Deployment({ ...shared, model: model.name, graph: model.graph, plan, packer: this.#packer });
  }
}

/** Two fleets with the same fingerprint hold the same programs: an agent that restarted has forgotten its deployments. */
function fingerprint(members: readonly Member[]): string {
  return members.map(({ id, epoch, profile }) => `${id}@${epoch}*${profile.weight}`).join(' ');
}
