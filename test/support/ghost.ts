import type { Bus } from '../../src/transport/bus.ts';
import { decodeMessage, encodeJson, encodeMessage } from '../../src/wire/codec.ts';
import { CONTROL } from '../../src/wire/messages/control.ts';
import type { Presence } from '../../src/wire/messages/status.ts';
import type { Topics } from '../../src/wire/topics.ts';

/** Says on `bus` that an agent is there, or no longer: one that never answers. */
export async function ghost(bus: Bus, topics: Topics, id: string, state: Presence = 'online'): Promise<void> {
  const retained = { qos: 1, retain: true } as const;
  const engine = { name: 'none', version: '0', threads: 1 };
  const device = { cores: 1, memoryBytes: 1, engine, weight: 1, platform: 'none', node: '20' };
  const profile = { v: 1, agent: id, ...device, filterBytesReceived: 0, programs: 0 };
  await bus.publish(topics.agentProfile(id), encodeJson(profile), retained);
  await bus.publish(topics.agentStatus(id), encodeJson({ v: 1, state, epoch: 1, version: '0' }), retained);
}

/** Answers questions in the name of an agent that does no work. */
export async function answerPings(bus: Bus, topics: Topics, id: string): Promise<void> {
  await bus.subscribe(topics.control(id), (topic, payload) => {
    const message = decodeMessage(CONTROL, topic, payload);
    if (message.type !== 'ping') return;
    const pong = encodeMessage({ v: 1, type: 'pong', replyId: message.replyId });
    void bus.publish(topics.reply(id), pong, { qos: 1 });
  });
}
