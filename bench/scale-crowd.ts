import { MqttBus } from '../src/transport/mqtt-bus.ts';
import { decodeMessage, encodeJson, encodeMessage } from '../src/wire/codec.ts';
import { VERSION } from '../src/wire/messages/common.ts';
import { CONTROL } from '../src/wire/messages/control.ts';
import { Topics } from '../src/wire/topics.ts';
import { serve } from './support/party.ts';

/** So many connections are opened at a time. */
const AT_ONCE = 32;
/** Of capacity: so little that plans by weight leave nothing to them. */
const IDLE_WEIGHT = 1e-9;

export interface CrowdRequest {
  readonly port: number;
  readonly cluster: string;
  readonly agents: number;
}

/** An agent as the master sees one that has no work: a connection with a will, a profile, a status, answers to pings. */
async function idleAgent(topics: Topics, port: number, id: string): Promise<MqttBus> {
  const retained = { qos: 1, retain: true } as const;
  const status = (state: 'online' | 'offline') => encodeJson({ v: VERSION, state, epoch: 1, version: '0' });
  const will = { topic: topics.agentStatus(id), payload: status('offline'), ...retained };
  const bus = new MqttBus({ url: `mqtt://127.0.0.1:${port}`, will });
  await bus.start();
  const onControl = (topic: string, payload: Uint8Array) => {
    const message = decodeMessage(CONTROL, topic, payload);
    if (message.type !== 'ping') return;
    const pong = encodeMessage({ v: VERSION, type: 'pong', replyId: message.replyId });
    void bus.publish(topics.reply(id), pong, { qos: 1 });
  };
  await bus.subscribe(topics.control(id), onControl, { qos: 1 });
  await bus.subscribe(topics.agentStatus(id), () => {}, { qos: 1 });
  const engine = { name: 'onnxruntime', version: '0', threads: 4 };
  const device = { cores: 4, memoryBytes: 4e9, engine, weight: IDLE_WEIGHT, platform: 'linux', node: '20' };
  const profile = {
    v: VERSION,
    agent: id,
    host: `host-${id}`,
    ...device,
    filterBytesReceived: 0,
    programs: 0,
  };
  await bus.publish(topics.agentProfile(id), encodeJson(profile), retained);
  await bus.publish(topics.agentStatus(id), status('online'), retained);
  return bus;
}

const crowd: MqttBus[] = [];

serve({
  async join({ port, cluster, agents }: CrowdRequest) {
    const topics = new Topics(cluster);
    for (let from = 0; from < agents; from += AT_ONCE) {
      const ids = Array.from({ length: Math.min(AT_ONCE, agents - from) }, (_, at) => `idle-${from + at}`);
      crowd.push(...(await Promise.all(ids.map((id) => idleAgent(topics, port, id)))));
    }
  },
  async leave() {
    await Promise.all(crowd.splice(0).map((bus) => bus.stop()));
  },
});
