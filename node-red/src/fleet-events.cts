import type { AgentProfile, ClusterWatch, MasterEvent } from './core.cjs';
import type { Message } from './red.cjs';

export const KINDS = ['agents', 'profiles', 'plans', 'degradations', 'connection'] as const;
export type Kind = (typeof KINDS)[number];

export interface FleetMessage {
  readonly kind: Kind;
  readonly message: Message;
}

/** Turns what a cluster tells into messages: `topic` says what it is about, `payload.event` what happened. */
export function follow(watch: ClusterWatch, tell: (message: FleetMessage) => void): void {
  watch.on('agent', ({ agent, status: { state, version, engine } }) => {
    const event = `agent-${state}`;
    tell(message('agents', `agents/${agent}`, { event, agent, version, ...(engine ? { engine } : {}) }));
  });
  watch.on('profile', ({ agent, profile }) => {
    tell(message('profiles', `agents/${agent}`, { event: 'agent-profile', agent, profile: brief(profile) }));
  });
  watch.on('master', (event) => {
    const told = ofMaster(event);
    if (told) tell(told);
  });
}

/** Coming and going is told by the agents themselves; the master adds who is online but silent. */
function ofMaster({ v: _, type, ...facts }: MasterEvent): FleetMessage | undefined {
  const payload = { event: type, ...facts };
  if ('agent' in facts) {
    const silent = 'reason' in facts && facts.reason === 'silent';
    return silent
      ? message('agents', `agents/${facts.agent}`, { ...payload, event: 'agent-silent' })
      : undefined;
  }
  const kind = type === 'degraded' ? 'degradations' : 'plans';
  return 'model' in facts ? message(kind, `models/${facts.model}`, payload) : undefined;
}

export function connectionEvent(event: string): FleetMessage {
  return message('connection', 'connection', { event });
}

/** Without the measured tables, which are long. */
export function brief({ v: _, compute, ...profile }: AgentProfile) {
  return { ...profile, calibrated: compute !== undefined };
}

function message(kind: Kind, topic: string, payload: object): FleetMessage {
  return { kind, message: { topic, payload } };
}
