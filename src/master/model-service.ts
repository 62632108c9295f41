import { Emitter } from '../base/emitter.ts';
import { IsobathError } from '../base/errors.ts';
import type { Service } from '../base/service.ts';
import type { Plan } from '../planner/plan.ts';
import { canReprice, repriced } from '../planner/repriced.ts';
import { isSearched } from '../planner/strategies.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { AgentBench } from './agent-bench.ts';
import { Deployment } from './deployment.ts';
import type { Member } from './fleet.ts';
import { checkDeployment } from './golden-check.ts';
import type { InferenceResult } from './inference.ts';
import { isGivenUp, ModelPlanner } from './model-planner.ts';
import type { ModelEvents, ModelServiceOptions } from './model-service-options.ts';
import { ProgramPacker } from './packed-program.ts';
import { ReplanPatience } from './replan-patience.ts';
import { checkedInputs } from './request-inputs.ts';
import type { ServedModel } from './served-model.ts';
import { passesTrial } from './trial.ts';

export type { Guard, ModelEvents } from './model-service-options.ts';
export type { ServedModel } from './served-model.ts';

/** An agent that could not deploy is left out for so long at first. */
const BENCH_MS = 30_000;
/** Default of `settleMs`. */
const SETTLE_MS = 300;
/** A model that was never deployed takes no more agents down with it. */
const MAX_LOST = 3;
/** How long a new plan waits after a failed one, doubling up to the maximum. */
const RETRY_MS = { first: 500, max: 30_000 };

/** Keeps one model deployed on whatever fleet there is; the running deployment stays until the next one is ready. */
export class ModelService extends Emitter<ModelEvents> implements Service {
  readonly #options: ModelServiceOptions;
  readonly #packer = new ProgramPacker();
  readonly #planner: ModelPlanner;
  readonly #undo: (() => void)[] = [];
  readonly #bench = new AgentBench({ firstMs: BENCH_MS });
  #current: { deployment: Deployment; fleet: string } | undefined;
  #starting: Deployment | undefined;
  readonly #patience: ReplanPatience;
  #timer: NodeJS.Timeout | undefined;
  #benchTimer: NodeJS.Timeout | undefined;
  #error: IsobathError | undefined;
  #work: Promise<void> = Promise.resolve();
  #retryMs = RETRY_MS.first;
  /** The figures on which the running plan was made have changed. */
  #outdated = false;
  /** Deployments in a row in which an agent was lost that was to load its programs. */
  #lost = 0;
  #stopped = false;

  constructor(options: ModelServiceOptions) {
    super();
    this.#options = options;
    this.#planner = new ModelPlanner(options.model, options.engine.name);
    const { settleMs = SETTLE_MS, replanMs = 10_000 } = options;
    this.#patience = new ReplanPatience({ settleMs, replanMs });
  }

  get model(): ServedModel {
    return this.#options.model;
  }

  /** The deployment that serves requests now. */
  get deployment(): Deployment | undefined {
    return this.#current?.deployment;
  }

  /** Why the newest plan failed, while it is not replaced. */
  get error(): IsobathError | undefined {
    return this.#error;
  }

  /** Agents that plans leave out for a while, because they could not deploy, or ran no shard in time. */
  get leftOut(): ReadonlyMap<string, IsobathError> {
    return new Map([...this.#options.fleet.leftOut, ...this.#bench.errors]);
  }

  async start(): Promise<void> {
    const { fleet, profiles } = this.#options;
    this.#undo.push(
      fleet.on('joined', () => this.#replan()),
      fleet.on('left', () => this.#replan()),
      profiles.on('changed', () => {
        this.#outdated = true;
        if (this.#isNews()) {
          clearTimeout(this.#timer);
          this.#timer = undefined;
        }
        // what is due sooner sees the new figures, too
        if (this.#timer === undefined) this.#schedule(this.#current ? this.#patience.waitMs : undefined);
      }),
    );
    this.#schedule(0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#benchTimer);
    for (const step of this.#undo.splice(0)) step();
    this.#planner.abort();
    this.#starting?.abort();
    await this.#work;
    await this.#current?.deployment.stop();
    this.#current = undefined;
  }

  /** Throws ISO_ERR_MODEL_NOT_READY until the first deployment is ready, as `checkedInputs`, and what the engine throws. */
  async infer(request: string, inputs: ReadonlyMap<string, Tensor>): Promise<InferenceResult> {
    if (!this.#current) {
      throw notReady(this.model.name, this.#error);
    }
    return this.#current.deployment.infer(request, checkedInputs(this.model, inputs));
  }

  #replan(): void {
    this.#patience.renew();
    this.#planner.abort();
    this.#schedule();
  }

  #schedule(delayMs = this.#options.settleMs ?? SETTLE_MS): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#work = this.#work.then(() => this.#reconcile());
    }, delayMs);
  }

  #isNews(): boolean {
    const plan = this.#current?.deployment.plan;
    const isThere = plan !== undefined && canReprice(plan, this.#options.profiles.profile);
    return isThere && this.#patience.renewBy(this.#repriced(plan));
  }

  #repriced(plan: Plan): number {
    const { profiles, model } = this.#options;
    return repriced(plan, profiles.profile, model.objective);
  }

  async #reconcile(): Promise<void> {
    const { fleet, logger, model, profiles } = this.#options;
    const weighsTimes = isSearched(model.strategy);
    // those of whom a retained status tells have a moment to answer
    if (!this.#current) await fleet.settled();
    // agents that have just joined are measured before they get work by their speed
    if (weighsTimes) await this.#measured();
    const members = this.#bench.without(fleet.members);
    const state = fingerprint(members);
    const outdated = weighsTimes && this.#outdated;
    if (this.#stopped || (this.#current?.fleet === state && !outdated)) return;
    this.#outdated = false;
    const isUrgent = this.#current?.fleet !== state;
    let deployment: Deployment | undefined;
    try {
      // who joins or leaves meanwhile makes it worthless: the next one is under way
      const plan = await this.#planner.plan(
        profiles.profile,
        members,
        () => !isUrgent && this.#current?.deployment.isAsked === true,
      );
      this.#patience.planned();
      if (weighsTimes && this.#mayStay(plan, state)) return;
      deployment = this.#deploymentOf(plan);
      this.#starting = deployment;
      const isSound = await this.#options.guard(() => this.#ready(deployment!), { proves: true });
      if (this.#stopped || !isSound) return await deployment.stop();
    } catch (cause) {
      if (isGivenUp(cause)) this.#outdated ||= outdated;
      if (this.#stopped || isGivenUp(cause)) return;
      if (deployment?.lost.size) this.#lost += 1;
      this.#failed(IsobathError.from(cause), deployment?.failures ?? new Map());
      return;
    } finally {
      this.#starting = undefined;
    }
    this.#retryMs = RETRY_MS.first;
    this.#lost = 0;
    this.#error = undefined;
    for (const agent of deployment.agents) this.#bench.clear(agent);
    const previous = this.#current;
    this.#current = { deployment, fleet: state };
    this.#patience.renew();
    logger.info({ model: model.name, agents: deployment.agents.length }, 'The model is deployed.');
    this.emit('deployed', { model: model.name, deployment, members: members.length });
    await previous?.deployment.stop();
    if (fingerprint(this.#bench.without(fleet.members)) !== state) this.#schedule();
  }

  /** A large fleet takes minutes to measure, one link after another. It serves meanwhile, and is planned for again later. */
  async #measured(): Promise<void> {
    const { profiles, measureMs = 30_000 } = this.#options;
    if (this.#current) return profiles.settled();
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, measureMs);
    });
    await Promise.race([profiles.settled(), patience]);
    clearTimeout(timer);
  }

  /** False where agents on probation failed again. Throws what a deployment throws, and ISO_ERR_GOLDEN_MISMATCH. */
  async #ready(deployment: Deployment): Promise<boolean> {
    const { model, engine, fleet } = this.#options;
    await deployment.start();
    await checkDeployment(model, deployment, engine);
    return passesTrial(deployment, model.graph, fleet);
  }

  /** What runs stays. Agents that are at fault are left out of the next plan, which is made at once. */
  #failed(error: IsobathError, failures: ReadonlyMap<string, IsobathError>): void {
    const { logger, model, fleet } = this.#options;
    if (!this.#current && this.#lost >= MAX_LOST) {
      this.#error = IsobathError.of(
        'ISO_ERR_VERSION_DEADLY',
        { model: model.name, times: this.#lost },
        error,
      );
      this.emit('failed', { model: model.name, error: this.#error, agents: [], retryMs: 0 });
      return;
    }
    // with others to go on with, an agent's fault is told as that: see `leftOut`
    this.#error = failures.size > 0 && this.#current ? undefined : error;
    for (const [agent, { code, message }] of failures) {
      const pauseMs = this.#bench.add(agent, fleet.lifeOf(agent) ?? '', failures.get(agent)!);
      const log = { model: model.name, agent, code, pauseMs };
      logger.warn(log, `${message} Plans leave this agent out for a while.`);
    }
    const retryMs = failures.size > 0 ? 0 : this.#retryMs;
    this.#schedule(retryMs);
    this.emit('failed', { model: model.name, error, agents: [...failures.keys()], retryMs });
    if (failures.size > 0) this.#awaitBench();
    else this.#retryMs = Math.min(RETRY_MS.max, this.#retryMs * 2);
  }

  /** Plans again when an agent's time out is over. */
  #awaitBench(): void {
    clearTimeout(this.#benchTimer);
    const { nextMs } = this.#bench;
    if (nextMs === undefined || this.#stopped) return;
    this.#benchTimer = setTimeout(() => {
      this.#schedule(0);
      this.#awaitBench();
    }, nextMs + 1);
    this.#benchTimer.unref();
  }

  /** True where the running plan can go on, and the new one is not worth moving for. */
  #mayStay(plan: Plan, state: string): boolean {
    const { model, logger, fleet, leastGain = 0.1 } = this.#options;
    const current = this.#current;
    if (!current?.deployment.agents.every((agent) => fleet.has(agent) && current.deployment.holds(agent)))
      return false;
    const { objective = 'latency' } = model;
    const now = this.#repriced(current.deployment.plan);
    const then = objective === 'latency' ? plan.predictedSeconds : plan.throughputSeconds;
    if (then < (1 - leastGain) * now) return false;
    logger.debug(
      { model: model.name, now, then },
      'The running plan stays: a new one would gain too little.',
    );
    if (current.fleet === state) this.#patience.fruitless(now);
    this.#current = { ...current, fleet: state };
    return true;
  }

  #deploymentOf(plan: Plan): Deployment {
    const { model, settleMs: _, leastGain: __, measureMs: ___, replanMs: ____, ...shared } = this.#options;
    return new Deployment({
      ...shared,
      ...{ model: model.name, graph: model.graph, plan, packer: this.#packer },
      planningMs: () => this.#planner.spentMs,
    });
  }
}

/** What a request is told while nothing is deployed. */
export function notReady(model: string, error: IsobathError | undefined): IsobathError {
  const reason = error ? `${error.code}: ${error.message}` : 'it is being deployed.';
  return IsobathError.of('ISO_ERR_MODEL_NOT_READY', { model, reason });
}

/** Two fleets with the same fingerprint hold the same programs: an agent that restarted has forgotten its deployments. */
function fingerprint(members: readonly Member[]): string {
  return members.map(({ id, life, profile }) => `${id}@${life}*${profile.weight}`).join(' ');
}
