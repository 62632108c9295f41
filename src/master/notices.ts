import { IsobathError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Service } from '../base/service.ts';
import type { Bus } from '../transport/bus.ts';
import { encodeJson } from '../wire/codec.ts';
import { VERSION } from '../wire/messages/common.ts';
import type { MasterEvent } from '../wire/messages/events.ts';
import type { AgentList, LastAnswer, ListedModel, ModelList, ModelReport } from '../wire/messages/models.ts';
import type { ResultSummary } from '../wire/messages/summary.ts';
import type { Topics } from '../wire/topics.ts';
import type { Fleet } from './fleet.ts';
import type { ModelShelf } from './model-shelf.ts';
import type { VersionedModel } from './versioned-model.ts';

export interface NoticesOptions {
  readonly bus: Bus;
  readonly topics: Topics;
  readonly logger: Logger;
  readonly fleet: Fleet;
  readonly models: ModelShelf;
  /** The state of a model, and the lists, are published no more often than this. Default 1000 ms. */
  readonly paceMs?: number;
}

type Event = MasterEvent extends infer E ? (E extends MasterEvent ? Omit<E, 'v'> : never) : never;

interface Counts {
  answered: number;
  failed: number;
  degraded: number;
  last?: LastAnswer;
}

const RETAINED = { qos: 1, retain: true } as const;

/** Tells whoever listens, in JSON, what the master serves, on whom, and what happens. */
export class Notices implements Service {
  readonly #options: NoticesOptions;
  readonly #undo: (() => void)[] = [];
  readonly #counts = new Map<string, Counts>();
  /** What was published last, by topic. */
  readonly #told = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: NoticesOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { fleet, models } = this.#options;
    this.#undo.push(
      fleet.on('joined', ({ id }) => this.#happened({ type: 'agent-joined', agent: id })),
      fleet.on('left', ({ id, reason }) => this.#happened({ type: 'agent-left', agent: id, reason })),
      models.on('changed', () => this.#schedule()),
      models.on('removed', ({ model }) => this.#forget(model)),
      models.on('deployed', ({ model, deployment: { id, plan, agents } }) => {
        const facts = { deployment: id, strategy: plan.strategy, stages: plan.stages.length };
        const predictedMs = 1000 * plan.predictedSeconds;
        this.#happened({ type: 'plan-changed', model, ...facts, agents: [...agents].sort(), predictedMs });
      }),
      models.on('failed', ({ model, error }) =>
        this.#happened({ type: 'plan-failed', model, error: error.toJSON() }),
      ),
    );
  }

  async stop(): Promise<void> {
    for (const step of this.#undo.splice(0)) step();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Takes back what is retained of a model that is served no more. */
  #forget(model: string): void {
    const topic = this.#options.topics.modelState(model);
    this.#counts.delete(model);
    this.#told.delete(topic);
    this.#options.bus.publish(topic, '', RETAINED).catch(() => this.#schedule());
    this.#schedule();
  }

  /** A request came to its end. */
  answered(model: string, request: string, outcome: ResultSummary | IsobathError): void {
    if (!this.#options.models.find(model)) return;
    const counts = this.#countsOf(model);
    if (outcome instanceof IsobathError) counts.failed += 1;
    else {
      const { totalMs, degraded, top } = outcome;
      counts.answered += 1;
      counts.last = { totalMs, degraded, ...bestOf(top) };
      if (degraded) {
        counts.degraded += 1;
        this.#event({ type: 'degraded', model, request, totalMs });
      }
    }
    this.#schedule();
  }

  /** Publishes everything that is retained, also where it was published before. */
  async announce(): Promise<void> {
    this.#told.clear();
    await this.#publishAll();
  }

  #happened(event: Event): void {
    this.#event(event);
    this.#schedule();
  }

  #event(event: Event): void {
    const { bus, topics, logger } = this.#options;
    bus.publish(topics.events(), encodeJson({ v: VERSION, ...event }), { qos: 1 }).catch((error: unknown) => {
      logger.debug({ code: IsobathError.from(error).code }, 'An event could not be told.');
    });
  }

  /** Changes that follow one another closely are told together. */
  #schedule(): void {
    if (this.#timer) return;
    const { logger, paceMs = 1000 } = this.#options;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#publishAll().catch((error: unknown) => {
        logger.debug({ code: IsobathError.from(error).code }, 'The state could not be told.');
      });
    }, paceMs);
    this.#timer.unref();
  }

  async #publishAll(): Promise<void> {
    const { fleet, topics, models } = this.#options;
    const agents: AgentList = { v: VERSION, agents: fleet.members.map(({ id }) => id) };
    const list: ModelList = { v: VERSION, models: models.models.map(listed) };
    await this.#tell(topics.agentList(), agents);
    await this.#tell(topics.modelList(), list);
    for (const model of models.models)
      await this.#tell(topics.modelState(model.status.name), this.#report(model));
  }

  async #tell(topic: string, message: object): Promise<void> {
    const text = encodeJson(message);
    if (this.#told.get(topic) === text) return;
    this.#told.set(topic, text);
    await this.#options.bus.publish(topic, text, RETAINED);
  }

  #report({ status: { name, state, agents } }: VersionedModel): ModelReport {
    return { v: VERSION, model: name, state, agents, ...this.#countsOf(name) };
  }

  #countsOf(model: string): Counts {
    const counts = this.#counts.get(model) ?? { answered: 0, failed: 0, degraded: 0 };
    this.#counts.set(model, counts);
    return counts;
  }
}

function listed({ status, service }: VersionedModel): ListedModel {
  const { name, state, model, error } = status;
  const { version, manifest, strategy = 'none' } = model ?? {};
  const { agents = [], plan } = service?.deployment ?? {};
  return {
    model: name,
    state,
    ...(version === undefined ? {} : { version: version.slice(0, 128) }),
    ...(manifest?.task ? { task: manifest.task } : {}),
    pictures: manifest?.input !== undefined,
    strategy,
    agents: [...agents].sort(),
    stages: plan?.stages.length ?? 0,
    ...(plan ? { predictedMs: 1000 * plan.predictedSeconds } : {}),
    ...(error ? { error: error.toJSON() } : {}),
  };
}

/** JSON has no NaN. */
function bestOf(top: ResultSummary['top']): Pick<LastAnswer, 'label' | 'probability'> {
  const best = top?.[0];
  if (!best) return {};
  const { label, probability } = best;
  return { label, ...(Number.isFinite(probability) ? { probability } : {}) };
}
