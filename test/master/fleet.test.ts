import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Logger, silentLogger } from '../../src/base/logger.ts';
import { Fleet } from '../../src/master/fleet.ts';
import { type MemoryBus, MemoryHub } from '../../src/transport/memory-bus.ts';
import { decodeMessage, encodeJson, encodeMessage } from '../../src/wire/codec.ts';
import { CONTROL } from '../../src/wire/messages/control.ts';
import type { AgentProfile, Presence } from '../../src/wire/messages/status.ts';
import { Topics } from '../../src/wire/topics.ts';
import { Watch } from '../support/watch.ts';

const topics = new Topics('test');

describe('the fleet', () => {
  let agent: MemoryBus;
  let bus: MemoryBus;
  let fleet: Fleet;
  let events: string[];
  let now: number;
  /** At level `info`. */
  let lines: string[];
  beforeEach(async () => {
    const hub = new MemoryHub();
    [agent, bus] = [hub.bus(), hub.bus()];
    await agent.start();
    await bus.start();
    now = 0;
    const times = { pingMs: 10, answerMs: 50, quarantineMs: 1000, now: () => now };
    lines = [];
    const write = (_: object, text: string) => lines.push(text);
    const logger: Logger = { ...silentLogger, info: write, warn: write };
    fleet = new Fleet({ bus, topics, logger, ...times });
    events = [];
    fleet.on('joined', ({ id, life }) => events.push(`+${id}@${life.replace('epoch-', '')}`));
    fleet.on('left', ({ id, reason }) => events.push(`-${id} ${reason}`));
    await fleet.start();
  });
  afterEach(async () => {
    await fleet.stop();
    await bus.stop();
    await agent.stop();
  });

  const retained = { qos: 1, retain: true } as const;
  /** Resolves when the fleet has seen it, too: what is published on one bus keeps its order. */
  async function settled(): Promise<void> {
    const seen = await new Watch((topic) => topic).on(bus, 'settled');
    const end = seen.next();
    await agent.publish('settled', '');
    await end;
  }
  async function tell(id: string, state: Presence, epoch: number): Promise<void> {
    await agent.publish(topics.agentStatus(id), encodeJson({ v: 1, state, epoch, version: '1' }), retained);
    await settled();
  }
  async function profile(id: string, fields: Partial<AgentProfile> = {}): Promise<void> {
    const engine = { name: 'e', version: '1', threads: 1 };
    const device = { agent: id, cores: 1, memoryBytes: 1, engine, weight: 1, platform: 'p', node: '20' };
    const whole = { v: 1, ...device, filterBytesReceived: 0, programs: 0, ...fields };
    await agent.publish(topics.agentProfile(id), encodeJson(whole), retained);
    await settled();
  }
  const pong = (id: string) =>
    agent.publish(topics.reply(id), encodeMessage({ v: 1, type: 'pong', replyId: 'p' }), { qos: 1 });

  it('says who comes and goes', async () => {
    await profile('a');
    await tell('a', 'online', 1);
    await tell('a', 'offline', 1);
    expect(lines).toEqual(['An agent joined.', 'An agent left.']);
  });

  it('has an agent when both its status and its profile are there, in either order', async () => {
    await tell('a', 'online', 1);
    expect(events).toEqual([]);
    await profile('a');
    await profile('b');
    await tell('b', 'online', 7);
    expect(events).toEqual(['+a@1', '+b@7']);
    expect(fleet.members.map(({ id }) => id)).toEqual(['a', 'b']);
    await profile('a', { programs: 3 });
    expect(events).toHaveLength(2);
  });

  it('knows runs apart: a restart, a goodbye, and a late will of an earlier run', async () => {
    await profile('a');
    await tell('a', 'online', 5);
    await tell('a', 'online', 6);
    await tell('a', 'offline', 5);
    expect(fleet.lifeOf('a')).toBe('epoch-6');
    await tell('a', 'offline', 6);
    await tell('a', 'offline', 6);
    await tell('a', 'online', 6);
    expect(events).toEqual(['+a@5', '-a restarted', '+a@6', '-a offline', '+a@6']);
  });

  it('forgets an agent whose status was cleared', async () => {
    await profile('a');
    await tell('a', 'online', 5);
    await agent.publish(topics.agentStatus('a'), '', retained);
    await settled();
    expect([events, fleet.has('a')]).toEqual([['+a@5', '-a offline'], false]);
  });

  async function pingsOf(id: string) {
    const read = (topic: string, payload: Uint8Array) => decodeMessage(CONTROL, topic, payload);
    return new Watch(read).on(agent, topics.control(id));
  }

  it('gives an agent that missed a deadline no work for a while, whatever it answers, then asks it, and takes it back', async () => {
    await profile('a');
    await tell('a', 'online', 5);
    const pings = await pingsOf('a');
    fleet.suspect('a', 2000);
    fleet.suspect('a', 2000);
    fleet.suspect('unknown', 2000);
    expect([fleet.has('a'), fleet.lifeOf('a')]).toEqual([false, undefined]);
    expect(fleet.leftOut.get('a')).toMatchObject({ code: 'ISO_ERR_AGENT_UNRESPONSIVE' });
    await pong('a');
    await tell('a', 'online', 5);
    expect([events, pings.seen]).toEqual([['+a@5', '-a silent'], []]);
    now += 1000;
    await pings.first(() => pings.seen.length >= 1);
    expect(fleet.has('a')).toBe(false);
    await pong('a');
    await settled();
    expect([events, fleet.isOnProbation('a')]).toEqual([['+a@5', '-a silent', '+a@5'], true]);
  });

  it('pauses longer after each missed deadline, until the agent does its work', async () => {
    await profile('a');
    await tell('a', 'online', 5);
    const isBackAfter = async (ms: number) => {
      now += ms;
      await pong('a');
      await settled();
      return fleet.has('a');
    };
    for (const pauseMs of [1000, 2000, 4000]) {
      fleet.suspect('a', 2000);
      expect(await isBackAfter(pauseMs - 1)).toBe(false);
      expect(await isBackAfter(1)).toBe(true);
    }
    fleet.worked('a');
    expect(fleet.isOnProbation('a')).toBe(false);
    fleet.suspect('a', 2000);
    expect(await isBackAfter(1000)).toBe(true);
  });

  it('lets an agent that missed a deadline in at once when it starts again', async () => {
    await profile('a');
    await tell('a', 'online', 5);
    fleet.suspect('a', 2000);
    await tell('a', 'online', 1);
    expect(events).toEqual(['+a@5', '-a silent', '+a@1']);
  });

  it('believes a retained status only when the agent answers, and asks again until it does', async () => {
    await fleet.stop();
    await profile('a');
    await profile('ghost');
    await tell('a', 'online', 5);
    await tell('ghost', 'online', 5);
    const pings = await pingsOf('ghost');
    await agent.subscribe(topics.control('a'), () => void pong('a'), { qos: 1 });
    await fleet.start();
    await fleet.settled();
    expect([events, fleet.has('ghost')]).toEqual([['+a@5'], false]);
    await pings.first(() => pings.seen.length >= 1);
    now += 10;
    await pings.first(() => pings.seen.length >= 2);
    await pong('ghost');
    await settled();
    expect(events).toEqual(['+a@5', '+ghost@5']);
  });

  it('takes no answer of another life for that of the retained one', async () => {
    await fleet.stop();
    await profile('a');
    await tell('a', 'online', 5);
    const later = { v: 1, type: 'pong', replyId: 'p', run: 'later' } as const;
    await agent.subscribe(topics.control('a'), () => {
      void agent.publish(topics.reply('a'), encodeMessage(later), { qos: 1 });
    });
    await fleet.start();
    await fleet.settled();
    expect(events).toEqual([]);
    const status = { v: 1, state: 'online', epoch: 1, run: 'later', version: '1' };
    await agent.publish(topics.agentStatus('a'), encodeJson(status), retained);
    await settled();
    expect(events).toEqual(['+a@later']);
  });

  it('asks its members when its connection is back: one that ended meanwhile gets no work', async () => {
    await profile('a');
    await profile('gone');
    await tell('a', 'online', 5);
    await tell('gone', 'online', 5);
    await agent.subscribe(topics.control('a'), () => void pong('a'), { qos: 1 });
    bus.lose();
    bus.regain();
    await fleet.settled();
    expect(events).toEqual(['+a@5', '+gone@5', '-gone silent']);
  });

  it('takes no agent by the name of the master, and none from replies alone', async () => {
    await profile('master');
    await tell('master', 'online', 1);
    await pong('ghost');
    await tell('ghost', 'online', 1);
    expect([events, fleet.members]).toEqual([[], []]);
  });

  it.each([
    'not json',
    '{}',
    '{"v":1,"state":"here","epoch":1,"version":"1"}',
    '{"v":1,"state":"online","epoch":-1,"version":"1"}',
  ])('survives the status %s', async (payload) => {
    await agent.publish(topics.agentStatus('a'), payload, retained);
    await agent.publish(topics.agentProfile('a'), payload, retained);
    await agent.publish(topics.reply('a'), payload, { qos: 1 });
    await profile('a');
    await tell('a', 'online', 2);
    expect(events).toEqual(['+a@2']);
  });
});
