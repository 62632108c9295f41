import { Emitter } from '../base/emitter.ts';
import type { Service } from '../base/service.ts';
import { PartyLife } from '../presence/life.ts';
import type { Bus, MessageHandler, MessageInfo } from '../transport/bus.ts';
import { decodeJson } from '../wire/codec.ts';
import { MASTER_EVENT, type MasterEvent } from '../wire/messages/events.ts';
import { AGENT_PROFILE, AGENT_STATUS, type AgentProfile, type AgentStatus } from '../wire/messages/status.ts';
import { parseTopic } from '../wire/parse-topic.ts';
import type { Topics } from '../wire/topics.ts';

export type ClusterEvents = {
  /** An agent came, went, or started again. */
  agent: { readonly agent: string; readonly status: AgentStatus };
  profile: { readonly agent: string; readonly profile: AgentProfile };
  /** What the master tells of agents, plans and degraded answers. */
  master: MasterEvent;
};

export interface WatchedAgent {
  readonly status: AgentStatus;
  readonly profile?: AgentProfile;
}

/** As the master's: whoever may publish could name any number of agents. */
const MAX_AGENTS = 4096;

/** Follows the agents of a cluster and what its master tells. A message that comes again is told once. */
export class ClusterWatch extends Emitter<ClusterEvents> implements Service {
  readonly #bus: Bus;
  readonly #topics: Topics;
  readonly #unsubscribe: (() => Promise<void>)[] = [];
  readonly #lives = new Map<string, PartyLife<AgentStatus>>();
  #unlisten: (() => void) | undefined;
  readonly #profiles = new Map<string, { readonly text: string; readonly profile: AgentProfile }>();

  constructor(bus: Bus, topics: Topics) {
    super();
    this.#bus = bus;
    this.#topics = topics;
  }

  /** Agents by name, those that are offline among them. */
  get agents(): ReadonlyMap<string, WatchedAgent> {
    const watched = [...this.#lives].flatMap(([agent, { status }]) => {
      const profile = this.#profiles.get(agent)?.profile;
      return status ? [[agent, { status, ...(profile ? { profile } : {}) }] as const] : [];
    });
    return new Map(watched);
  }

  async start(): Promise<void> {
    const topics = this.#topics;
    this.#unlisten = this.#bus.onState((state) => {
      if (state === 'offline') for (const life of this.#lives.values()) life.lostConnection();
    });
    await this.#listen(topics.everyAgentProfile(), (topic, payload) => this.#onProfile(topic, payload));
    await this.#listen(topics.everyAgentStatus(), (topic, payload, info) =>
      this.#onStatus(topic, payload, info),
    );
    await this.#listen(topics.events(), (topic, payload) =>
      this.emit('master', decodeJson(MASTER_EVENT, topic, payload)),
    );
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#unsubscribe.splice(0).map((unsubscribe) => unsubscribe()));
    this.#unlisten?.();
    this.#lives.clear();
    this.#profiles.clear();
  }

  async #listen(filter: string, take: MessageHandler): Promise<void> {
    this.#unsubscribe.push(await this.#bus.subscribe(filter, take, { qos: 1 }));
  }

  #onStatus(topic: string, payload: Uint8Array, info: MessageInfo): void {
    const agent = this.#agentOf(topic, this.#lives);
    if (agent === undefined) return;
    const life = this.#lives.get(agent) ?? new PartyLife<AgentStatus>();
    const before = life.status;
    if (payload.length === 0) {
      this.#lives.delete(agent);
      this.#profiles.delete(agent);
      if (before?.state === 'online') this.emit('agent', { agent, status: { ...before, state: 'offline' } });
      return;
    }
    const status = decodeJson(AGENT_STATUS, topic, payload);
    this.#lives.set(agent, life);
    const change = life.take(status, info);
    // one that was never seen online is told, too
    if (change !== 'none' || before === undefined) this.emit('agent', { agent, status });
  }

  #onProfile(topic: string, payload: Uint8Array): void {
    const agent = this.#agentOf(topic, this.#profiles);
    if (agent === undefined || payload.length === 0) return;
    const text = Buffer.from(payload).toString();
    if (this.#profiles.get(agent)?.text === text) return;
    const profile = decodeJson(AGENT_PROFILE, topic, payload);
    this.#profiles.set(agent, { text, profile });
    this.emit('profile', { agent, profile });
  }

  #agentOf(topic: string, known: ReadonlyMap<string, unknown>): string | undefined {
    const address = parseTopic(this.#topics.cluster, topic);
    if (!address || !('agent' in address)) return undefined;
    return known.has(address.agent) || known.size < MAX_AGENTS ? address.agent : undefined;
  }
}
