import { Emitter } from '../base/emitter.ts';
import { IsobathError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Service } from '../base/service.ts';
import { MASTER } from '../planner/plan.ts';
import type { Bus } from '../transport/bus.ts';
import { decodeJson, decodeMessage, encodeMessage } from '../wire/codec.ts';
import { VERSION } from '../wire/messages/common.ts';
import type { Control } from '../wire/messages/control.ts';
import { REPLY, type Reply } from '../wire/messages/reply.ts';
import { AGENT_PROFILE, AGENT_STATUS, type AgentProfile, type AgentStatus } from '../wire/messages/status.ts';
import { parseTopic } from '../wire/parse-topic.ts';
import type { Topics } from '../wire/topics.ts';

export interface FleetOptions {
  readonly bus: Bus;
  readonly topics: Topics;
  readonly logger: Logger;
  /** A silent agent is asked for a sign of life this often. Default 2000 ms. */
  readonly pingMs?: number;
}

/** An agent that is online and has told its profile. */
export interface Member {
  readonly id: string;
  readonly epoch: number;
  readonly profile: AgentProfile;
}

interface Entry {
  status?: AgentStatus;
  profile?: AgentProfile;
  /** Missed a deadline and has not given a sign of life since. */
  silent: boolean;
}

type FleetEvents = {
  joined: Member;
  /** Offline, restarted or silent: what it was running will not come. */
  left: { readonly id: string; readonly reason: 'offline' | 'restarted' | 'silent' };
  reply: { readonly agent: string; readonly reply: Reply };
};

/** Far more than a star's link can feed; whoever may publish could name any number of agents. */
const MAX_AGENTS = 4096;

/** The agents of the cluster, as their retained messages tell, and the way to speak with each. */
export class Fleet extends Emitter<FleetEvents> implements Service {
  readonly #options: FleetOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #unsubscribe: (() => Promise<void>)[] = [];
  #pinger: NodeJS.Timeout | undefined;

  constructor(options: FleetOptions) {
    super();
    this.#options = options;
  }

  /** Sorted by name, so that the same fleet gets the same plan. */
  get members(): Member[] {
    return [...this.#entries]
      .flatMap(([id, entry]) =>
        isMember(entry) ? [{ id, epoch: entry.status.epoch, profile: entry.profile }] : [],
      )
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  has(id: string): boolean {
    const entry = this.#entries.get(id);
    return entry !== undefined && isMember(entry);
  }

  /** Which run of the agent is a member; undefined while it is none. */
  epochOf(id: string): number | undefined {
    const entry = this.#entries.get(id);
    return entry && isMember(entry) ? entry.status.epoch : undefined;
  }

  async start(): Promise<void> {
    const { bus, topics, logger, pingMs = 2000 } = this.#options;
    const listen = async (
      filter: string,
      handler: (topic: string, agent: string, payload: Uint8Array) => void,
    ) => {
      const unsubscribe = await bus.subscribe(
        filter,
        (topic, payload) => {
          const address = parseTopic(topics.cluster, topic);
          if (!address || !('agent' in address)) return;
          if (address.agent === MASTER) logger.warn({ topic }, `No agent can have the name ${MASTER}.`);
          else handler(topic, address.agent, payload);
        },
        { qos: 1 },
      );
      this.#unsubscribe.push(unsubscribe);
    };
    await listen(topics.everyReply(), (topic, agent, payload) => this.#onReply(topic, agent, payload));
    await listen(topics.everyAgentProfile(), (topic, agent, payload) =>
      this.#onProfile(topic, agent, payload),
    );
    await listen(topics.everyAgentStatus(), (topic, agent, payload) => this.#onStatus(topic, agent, payload));
    this.#pinger = setInterval(() => this.#pingSilent(), pingMs);
    this.#pinger.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#pinger);
    await Promise.allSettled(this.#unsubscribe.splice(0).map((unsubscribe) => unsubscribe()));
    this.#entries.clear();
  }

  /** Resolves when the broker has the message. */
  async send(agent: string, message: Control): Promise<void> {
    const { bus, topics } = this.#options;
    await bus.publish(topics.control(agent), encodeMessage(message), { qos: 1 });
  }

  /** An agent that missed a deadline gets no work until it answers again. */
  suspect(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry || !isMember(entry)) return;
    entry.silent = true;
    this.#options.logger.warn(
      { agent: id },
      'The agent missed a deadline and gets no work until it answers.',
    );
    this.emit('left', { id, reason: 'silent' });
    this.#ping(id);
  }

  #onStatus(topic: string, id: string, payload: Uint8Array): void {
    if (payload.length === 0) {
      this.#forget(id);
      return;
    }
    const status = decodeJson(AGENT_STATUS, topic, payload);
    const entry = this.#entry(id);
    if (!entry) return;
    const before = entry.status;
    // a will of an earlier run may come late
    if (before && status.epoch < before.epoch) return;
    const wasMember = isMember(entry);
    entry.status = status;
    entry.silent = false;
    const restarted = wasMember && before !== undefined && status.epoch > before.epoch;
    if (wasMember && (status.state === 'offline' || restarted)) {
      this.emit('left', { id, reason: restarted ? 'restarted' : 'offline' });
    }
    if (!wasMember || restarted) this.#join(id, entry);
  }

  #onProfile(topic: string, id: string, payload: Uint8Array): void {
    if (payload.length === 0) return;
    const profile = decodeJson(AGENT_PROFILE, topic, payload);
    const entry = this.#entry(id);
    if (!entry) return;
    const wasMember = isMember(entry);
    entry.profile = profile;
    if (!wasMember) this.#join(id, entry);
  }

  #onReply(topic: string, agent: string, payload: Uint8Array): void {
    const reply = decodeMessage(REPLY, topic, payload);
    const entry = this.#entries.get(agent);
    if (reply.type === 'calibrated' && entry?.profile) {
      entry.profile = { ...entry.profile, compute: reply.profile };
    }
    if (entry?.silent) {
      entry.silent = false;
      this.#join(agent, entry);
    }
    this.emit('reply', { agent, reply });
  }

  #join(id: string, entry: Entry): void {
    if (!isMember(entry)) return;
    this.#options.logger.info({ agent: id }, 'An agent joined.');
    this.emit('joined', { id, epoch: entry.status.epoch, profile: entry.profile });
  }

  #forget(id: string): void {
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    if (entry && isMember(entry)) this.emit('left', { id, reason: 'offline' });
  }

  /** Undefined where there are too many agents to know one more. */
  #entry(id: string): Entry | undefined {
    const known = this.#entries.get(id);
    if (known || this.#entries.size >= MAX_AGENTS) return known;
    const entry: Entry = { silent: false };
    this.#entries.set(id, entry);
    return entry;
  }

  #pingSilent(): void {
    for (const [id, entry] of this.#entries) {
      if (entry.silent && entry.status?.state === 'online') this.#ping(id);
    }
  }

  #ping(id: string): void {
    this.send(id, { v: VERSION, type: 'ping', replyId: `ping-${id}`.slice(0, 128) }).catch(
      (error: unknown) => {
        this.#options.logger.debug(
          { agent: id, code: IsobathError.from(error).code },
          'A ping could not be sent.',
        );
      },
    );
  }
}

function isMember(entry: Entry): entry is Required<Entry> {
  return entry.status?.state === 'online' && entry.profile !== undefined && !entry.silent;
}
