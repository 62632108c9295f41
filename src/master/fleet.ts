import { Emitter } from '../base/emitter.ts';
import { IsobathError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Service } from '../base/service.ts';
import { MASTER } from '../planner/plan.ts';
import { lifeOf } from '../presence/life.ts';
import type { Bus, BusState, MessageInfo } from '../transport/bus.ts';
import { decodeJson, decodeMessage, encodeMessage } from '../wire/codec.ts';
import { VERSION } from '../wire/messages/common.ts';
import type { Control } from '../wire/messages/control.ts';
import { REPLY, type Reply } from '../wire/messages/reply.ts';
import { AGENT_PROFILE, AGENT_STATUS } from '../wire/messages/status.ts';
import { parseTopic } from '../wire/parse-topic.ts';
import type { Topics } from '../wire/topics.ts';
import { AgentBench } from './agent-bench.ts';
import { FleetEntry, type Member } from './fleet-entry.ts';

export type { Member } from './fleet-entry.ts';

export interface FleetOptions {
  readonly bus: Bus;
  readonly topics: Topics;
  readonly logger: Logger;
  /** A silent agent is asked for a sign of life again after so long, doubling up to 30 s. Default 2000 ms. */
  readonly pingMs?: number;
  /** An agent that is asked for a sign of life has so long to give it. Default 1000 ms. */
  readonly answerMs?: number;
  /** An agent that missed a deadline gets no work for so long, doubling up to 10 minutes. Default 5000 ms. */
  readonly quarantineMs?: number;
  /** In milliseconds. Default: the monotonic clock. */
  readonly now?: () => number;
}

export type LeaveReason = 'offline' | 'restarted' | 'silent';

type FleetEvents = {
  joined: Member;
  /** Offline, restarted or silent: what it was running will not come. */
  left: { readonly id: string; readonly reason: LeaveReason };
  reply: { readonly agent: string; readonly reply: Reply };
};

/** Far more than a star's link can feed; whoever may publish could name any number of agents. */
const MAX_AGENTS = 4096;

const PING_MS = { first: 2000, max: 30_000 };
const QUARANTINE_MS = 5000;
const SILENT = 'The agent is said to be online, and does not answer. It gets no work until it does.';

/** The agents of the cluster, as their retained messages tell, and the way to speak with each. */
export class Fleet extends Emitter<FleetEvents> implements Service {
  readonly #options: FleetOptions;
  readonly #entries = new Map<string, FleetEntry>();
  readonly #unsubscribe: (() => Promise<void>)[] = [];
  readonly #bench: AgentBench;
  /** For the answers of agents that were asked. */
  readonly #waits = new Set<Promise<void>>();
  #unlisten: (() => void) | undefined;
  #pinger: NodeJS.Timeout | undefined;

  constructor(options: FleetOptions) {
    super();
    this.#options = options;
    const { quarantineMs: firstMs = QUARANTINE_MS, now } = options;
    this.#bench = new AgentBench({ firstMs, ...(now ? { now } : {}) });
  }

  /** Sorted by name, so that the same fleet gets the same plan. */
  get members(): Member[] {
    return [...this.#entries]
      .flatMap(([id, entry]) => entry.memberOf(id) ?? [])
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  has(id: string): boolean {
    return this.#entries.get(id)?.member === true;
  }

  /** Which life of the agent is a member; undefined while it is none. */
  lifeOf(id: string): string | undefined {
    const entry = this.#entries.get(id);
    return entry?.member ? entry.life : undefined;
  }

  /** Agents that get no work for a while, and why. */
  get leftOut(): ReadonlyMap<string, IsobathError> {
    return this.#bench.errors;
  }

  async start(): Promise<void> {
    const { bus, topics, logger, pingMs = PING_MS.first } = this.#options;
    const listen = async (
      filter: string,
      handler: (topic: string, agent: string, payload: Uint8Array, info: MessageInfo) => void,
    ) => {
      const unsubscribe = await bus.subscribe(
        filter,
        (topic, payload, info) => {
          const address = parseTopic(topics.cluster, topic);
          if (!address || !('agent' in address)) return;
          if (address.agent === MASTER) logger.warn({ topic }, `No agent can have the name ${MASTER}.`);
          else handler(topic, address.agent, payload, info);
        },
        { qos: 1 },
      );
      this.#unsubscribe.push(unsubscribe);
    };
    await listen(topics.everyReply(), (topic, agent, payload) => this.#onReply(topic, agent, payload));
    await listen(topics.everyAgentProfile(), (topic, agent, payload) =>
      this.#onProfile(topic, agent, payload),
    );
    await listen(topics.everyAgentStatus(), (topic, agent, payload, info) =>
      this.#onStatus(topic, agent, payload, info),
    );
    this.#unlisten = bus.onState((state) => this.#onConnection(state));
    this.#pinger = setInterval(() => this.#askSilent(), pingMs);
    this.#pinger.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#pinger);
    this.#unlisten?.();
    for (const entry of this.#entries.values()) entry.answered();
    await Promise.allSettled(this.#unsubscribe.splice(0).map((unsubscribe) => unsubscribe()));
    this.#entries.clear();
  }

  /** Resolves when the broker has the message. */
  async send(agent: string, message: Control): Promise<void> {
    const { bus, topics } = this.#options;
    await bus.publish(topics.control(agent), encodeMessage(message), { qos: 1 });
  }

  /** Resolves when those of whom a retained status tells have answered, or had the time to. */
  async settled(): Promise<void> {
    while (this.#waits.size > 0) await Promise.all(this.#waits);
  }

  /**
   * An agent that missed a deadline at work gets none for a while, ever longer. It may answer questions meanwhile: only
   * work clears it.
   */
  suspect(id: string, deadlineMs: number): void {
    const entry = this.#entries.get(id);
    if (!entry?.member) return;
    const error = IsobathError.of('ISO_ERR_AGENT_UNRESPONSIVE', { agent: id, ms: Math.round(deadlineMs) });
    const pauseMs = this.#bench.add(id, entry.life!, error);
    this.#options.logger.warn(
      { agent: id, code: error.code, pauseMs },
      'The agent missed a deadline. It gets no work for a while.',
    );
    entry.heard = false;
    entry.askPauseMs = 0;
    this.#leave(id, entry, 'silent');
  }

  /** The agent ran a shard in time. */
  worked(id: string): void {
    this.#bench.clear(id);
  }

  /** True where the agent missed a deadline, and has run no shard since. */
  isOnProbation(id: string): boolean {
    return this.#bench.has(id);
  }

  #onStatus(topic: string, id: string, payload: Uint8Array, { retain }: MessageInfo): void {
    if (payload.length === 0) {
      this.#forget(id);
      return;
    }
    const status = decodeJson(AGENT_STATUS, topic, payload);
    const entry = this.#entry(id);
    if (!entry) return;
    const change = entry.status.take(status, { retain });
    if (change === 'restarted' || change === 'offline') {
      entry.heard = false;
      this.#leave(id, entry, change);
    }
    const isCurrent = status.state === 'online' && lifeOf(status) === entry.life;
    if (isCurrent && !retain) this.#heard(id, entry);
    else if (isCurrent && !entry.heard && !entry.isAsked) this.#ask(id, entry);
  }

  #onProfile(topic: string, id: string, payload: Uint8Array): void {
    if (payload.length === 0) return;
    const profile = decodeJson(AGENT_PROFILE, topic, payload);
    const entry = this.#entry(id);
    if (!entry) return;
    entry.profile = profile;
    this.#join(id, entry);
  }

  #onReply(topic: string, agent: string, payload: Uint8Array): void {
    const reply = decodeMessage(REPLY, topic, payload);
    const entry = this.#entries.get(agent);
    if (entry && reply.type === 'pong' && reply.run !== undefined && reply.run !== entry.life) {
      // its announcement is to come; the life that was known is over
      entry.heard = false;
      this.#leave(agent, entry, 'restarted');
      return;
    }
    if (reply.type === 'calibrated' && entry?.profile) {
      entry.profile = { ...entry.profile, compute: reply.profile };
    }
    if (entry) this.#heard(agent, entry);
    this.emit('reply', { agent, reply });
  }

  /** A sign of life. While it is out for what it did at work, that says nothing. */
  #heard(id: string, entry: FleetEntry): void {
    if (!entry.isOnline || this.#bench.isOut(id, entry.life!)) return;
    entry.answered();
    entry.heard = true;
    entry.askPauseMs = 0;
    this.#join(id, entry);
  }

  #join(id: string, entry: FleetEntry): void {
    if (entry.member || !entry.heard || !entry.profile) return;
    entry.member = true;
    this.#options.logger.info({ agent: id }, 'An agent joined.');
    this.emit('joined', entry.memberOf(id)!);
  }

  #leave(id: string, entry: FleetEntry, reason: LeaveReason): void {
    entry.answered();
    if (!entry.member) return;
    entry.member = false;
    if (reason !== 'silent') this.#options.logger.info({ agent: id, reason }, 'An agent left.');
    this.emit('left', { id, reason });
  }

  #forget(id: string): void {
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    if (entry) this.#leave(id, entry, 'offline');
  }

  /** Undefined where there are too many agents to know one more. */
  #entry(id: string): FleetEntry | undefined {
    const known = this.#entries.get(id);
    if (known || this.#entries.size >= MAX_AGENTS) return known;
    const entry = new FleetEntry();
    this.#entries.set(id, entry);
    return entry;
  }

  /** A status says no more than that the agent was there once: the broker may have missed its end. */
  #ask(id: string, entry: FleetEntry): void {
    const { answerMs = 1000, logger } = this.#options;
    const wait = entry.awaitAnswer(answerMs, () => {
      entry.heard = false;
      logger.warn({ agent: id }, SILENT);
      this.#leave(id, entry, 'silent');
    });
    this.#waits.add(wait);
    void wait.then(() => this.#waits.delete(wait));
    this.#ping(id);
  }

  /** The agents may have gone or changed while the connection was lost. */
  #onConnection(state: BusState): void {
    for (const [id, entry] of this.#entries) {
      if (state === 'offline') entry.status.lostConnection();
      else if (entry.member) this.#ask(id, entry);
    }
  }

  /** Asks those that say they are online and are not heard, ever more rarely. */
  #askSilent(): void {
    const { pingMs = PING_MS.first, now = () => performance.now() } = this.#options;
    for (const [id, entry] of this.#entries) {
      if (!entry.isOnline || entry.heard || entry.isAsked) continue;
      if (this.#bench.isOut(id, entry.life!) || entry.nextAskMs > now()) continue;
      entry.askPauseMs = Math.min(PING_MS.max, entry.askPauseMs === 0 ? pingMs : entry.askPauseMs * 2);
      entry.nextAskMs = now() + entry.askPauseMs;
      this.#ping(id);
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
