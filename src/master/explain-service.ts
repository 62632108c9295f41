import { IsobathError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Service } from '../base/service.ts';
import { FleetModel } from '../estimator/fleet-model.ts';
import { Explainer } from '../planner/explain.ts';
import { planDocument } from '../planner/plan-document.ts';
import { canReprice, repricedPlan } from '../planner/repriced.ts';
import type { Bus } from '../transport/bus.ts';
import { liveOnly } from '../transport/live-only.ts';
import { encodeJson } from '../wire/codec.ts';
import { VERSION } from '../wire/messages/common.ts';
import { type Explanation, MAX_EXPLANATION_BYTES } from '../wire/messages/explain.ts';
import { parseTopic } from '../wire/parse-topic.ts';
import type { Topics } from '../wire/topics.ts';
import type { FleetProfiles } from './fleet-profile.ts';
import { notReady } from './model-service.ts';
import type { ModelShelf } from './model-shelf.ts';

export interface ExplainServiceOptions {
  readonly bus: Bus;
  readonly topics: Topics;
  readonly logger: Logger;
  readonly models: ModelShelf;
  readonly profiles: FleetProfiles;
}

/** Explains the plan that runs when a client asks. Explaining takes time, so an explanation is kept while it holds. */
export class ExplainService implements Service {
  readonly #options: ExplainServiceOptions;
  readonly #undo: (() => unknown)[] = [];
  /** By model. */
  readonly #known = new Map<string, { readonly deployment: string; readonly text: string }>();

  constructor(options: ExplainServiceOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { bus, topics, profiles, logger } = this.#options;
    this.#undo.push(profiles.on('changed', () => this.#known.clear()));
    const onRequest = (topic: string) => {
      const address = parseTopic(topics.cluster, topic);
      if (address?.kind === 'explain') void this.#answer(address.model, address.request);
    };
    this.#undo.push(await bus.subscribe(topics.everyExplain(), liveOnly(logger, onRequest), { qos: 1 }));
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#undo.splice(0).map((step) => step()));
    this.#known.clear();
  }

  async #answer(model: string, request: string): Promise<void> {
    const { bus, topics, logger } = this.#options;
    const text = this.#textFor(model);
    await bus.publish(topics.explained(model, request), text, { qos: 1 }).catch((error: unknown) => {
      logger.error({ code: IsobathError.from(error).code }, 'An explanation could not be sent.');
    });
  }

  #textFor(model: string): string {
    try {
      return this.#explained(model);
    } catch (error) {
      const failed: Explanation = { v: VERSION, type: 'failed', error: IsobathError.from(error).toJSON() };
      return encodeJson(failed);
    }
  }

  #explained(name: string): string {
    const { models, profiles } = this.#options;
    const { service, status } = models.get(name);
    const deployment = service?.deployment;
    if (!service || !deployment) throw notReady(name, status.error);
    const known = this.#known.get(name);
    if (known?.deployment === deployment.id) return known.text;
    const { plan } = deployment;
    const fleet = profiles.profile;
    const model = new FleetModel(fleet, plan);
    const explainer = new Explainer(service.model.graph, model);
    // by the figures that are known now, as everything else that is told
    const costs = canReprice(plan, fleet) ? repricedPlan(plan, model) : plan;
    const explanation: Explanation = {
      v: VERSION,
      type: 'plan',
      model: name,
      deployment: deployment.id,
      localMs: 1000 * explainer.localSeconds,
      plan: planDocument(explainer.explain(costs)),
    };
    const text = encodeJson(explanation);
    const bytes = Buffer.byteLength(text);
    if (bytes > MAX_EXPLANATION_BYTES) {
      const limit = MAX_EXPLANATION_BYTES;
      throw IsobathError.of('ISO_ERR_PLAN_TOO_LARGE', { model: name, bytes, limit });
    }
    this.#known.set(name, { deployment: deployment.id, text });
    return text;
  }
}
