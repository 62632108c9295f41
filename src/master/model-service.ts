import { Emitter } from '../base/emitter.ts';
import { IsobathError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Service } from '../base/service.ts';
import type { Engine } from '../engine/engine.ts';
import type { DeadlineOptions } from '../planner/deadlines.ts';
import type { Plan } from '../planner/plan.ts';
import { repriced } from '../planner/repriced.ts';
import { isSearched, planGraph } from '../planner/strategies.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Bus } from '../transport/bus.ts';
import type { ModelState } from '../wire/messages/models.ts';
import type { Topics } from '../wire/topics.ts';
import type { BlobServer } from './blob-server.ts';
import { Deployment } from './deployment.ts';
import type { Fleet, Member } from './fleet.ts';
import type { FleetProfiles } from './fleet-profile.ts';
import type { InferenceResult } from './inference.ts';
import { ProgramPacker } from './packed-program.ts';
import { checkedInputs } from './request-inputs.ts';
import type { ServedModel } from './served-model.ts';

export type { ServedModel } from './served-model.ts';

export interface ModelServiceOptions {
  readonly model: ServedModel;
  readonly bus: Bus;
  readonly topics: Topics;
  readonly fleet: Fleet;
  /** What is known of the speed of the fleet's members. */
  readonly profiles: FleetProfiles;
  readonly blobs: BlobServer;
  readonly engine: Engine;
  readonly logger: Logger;
  readonly standby?: number;
  readonly chunkBytes?: number;
  readonly deadlines?: DeadlineOptions;
  readonly deployTimeoutMs?: number;
  /** The fleet must be quiet for so long before a new plan is made. Default 300 ms. */
  readonly settleMs?: number;
  /** A running plan is left only for one that is predicted to be faster by this share. Default 0.1. */
  readonly leastGain?: number;
}

export type ModelEvents = {
  /** `members` is the size of the fleet that was planned for: not all of them need have work. */
  deployed: { readonly model: string; readonly deployment: Deployment; readonly members: number };
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
  #starting: Deployment | undefined;
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  #retryMs = RETRY_MS.first;
  /** The figures on which the running plan was made have changed. */
  #outdated = false;
  #failure: IsobathError | undefined;
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

  get state(): ModelState {
    if (this.#current) return 'ready';
    return this.#failure ? 'failed' : 'deploying';
  }

  /** Why the last plan was not deployed; undefined when it was. */
  get failure(): IsobathError | undefined {
    return this.#failure;
  }

  async start(): Promise<void> {
    const { fleet, profiles } = this.#options;
    this.#undo.push(
      fleet.on('joined', () => this.#schedule()),
      fleet.on('left', () => this.#schedule()),
      profiles.on('changed', () => {
        this.#outdated = true;
        this.#schedule();
      }),
    );
    this.#schedule(0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const step of this.#undo.splice(0)) step();
    this.#starting?.abort();
    await this.#work;
    await this.#current?.deployment.stop();
    this.#current = undefined;
  }

  /** Throws ISO_ERR_MODEL_NOT_SERVED until the first deployment is ready, as `checkedInputs`, and what the engine throws. */
  async infer(request: string, inputs: ReadonlyMap<string, Tensor>): Promise<InferenceResult> {
    if (!this.#current) {
      throw IsobathError.of('ISO_ERR_MODEL_NOT_SERVED', {
        model: this.model.name,
        served: 'it is being deployed',
      });
    }
    return this.#current.deployment.infer(request, checkedInputs(this.model, inputs));
  }

  #schedule(delayMs = this.#options.settleMs ?? 300): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#work = this.#work.then(() => this.#reconcile());
    }, delayMs);
  }

  async #reconcile(): Promise<void> {
    const { fleet, logger, model, profiles } = this.#options;
    const weighsTimes = isSearched(model.strategy);
    // agents that have just joined are measured before they get work by their speed
    if (weighsTimes) await profiles.settled();
    const members = fleet.members;
    const state = fingerprint(members);
    const outdated = weighsTimes && this.#outdated;
    if (this.#stopped || (this.#current?.fleet === state && !outdated)) return;
    this.#outdated = false;
    let deployment: Deployment;
    try {
      const plan = planGraph(model.graph, profiles.profile, model);
      if (weighsTimes && this.#mayStay(plan, state)) return;
      deployment = this.#deploymentOf(plan);
      this.#starting = deployment;
      await deployment.start();
    } catch (cause) {
      if (this.#stopped) return;
      const error = IsobathError.from(cause);
      logger.error({ model: model.name, code: error.code, retryMs: this.#retryMs }, error.message);
      this.#failure = error;
      this.emit('failed', { model: model.name, error });
      this.#schedule(this.#retryMs);
      this.#retryMs = Math.min(RETRY_MS.max, this.#retryMs * 2);
      return;
    } finally {
      this.#starting = undefined;
    }
    this.#retryMs = RETRY_MS.first;
    this.#failure = undefined;
    const previous = this.#current;
    this.#current = { deployment, fleet: state };
    logger.info({ model: model.name, agents: deployment.agents.length }, 'The model is deployed.');
    this.emit('deployed', { model: model.name, deployment, members: members.length });
    await previous?.deployment.stop();
    if (fingerprint(fleet.members) !== state) this.#schedule();
  }

  /** True where the running plan can go on, and the new one is not worth moving for. */
  #mayStay(plan: Plan, state: string): boolean {
    const { profiles, model, logger, fleet, leastGain = 0.1 } = this.#options;
    const current = this.#current;
    if (!current?.deployment.agents.every((agent) => fleet.has(agent) && current.deployment.holds(agent)))
      return false;
    const { objective = 'latency' } = model;
    const now = repriced(current.deployment.plan, profiles.profile, objective);
    const then = objective === 'latency' ? plan.predictedSeconds : plan.throughputSeconds;
    if (then < (1 - leastGain) * now) return false;
    logger.debug(
      { model: model.name, now, then },
      'The running plan stays: a new one would gain too little.',
    );
    this.#current = { ...current, fleet: state };
    return true;
  }

  #deploymentOf(plan: Plan): Deployment {
    const { model, settleMs: _, leastGain: __, ...shared } = this.#options;
    return new Deployment({ ...shared, model: model.name, graph: model.graph, plan, packer: this.#packer });
  }
}

/** Two fleets with the same fingerprint hold the same programs: an agent that restarted has forgotten its deployments. */
function fingerprint(members: readonly Member[]): string {
  return members.map(({ id, epoch, profile }) => `${id}@${epoch}*${profile.weight}`).join(' ');
}
