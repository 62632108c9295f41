import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { answerProbes } from '../../src/agent/prober.ts';
import { measureLink } from '../../src/master/link-measurement.ts';
import { LinkProbe } from '../../src/master/link-probe.ts';
import type { Bus } from '../../src/transport/bus.ts';
import { MemoryHub } from '../../src/transport/memory-bus.ts';
import { decodeFrame, encodeFrame } from '../../src/wire/codec.ts';
import { PROBE, type ProbeReply } from '../../src/wire/messages/probe.ts';
import { Topics } from '../../src/wire/topics.ts';

const topics = new Topics('test');

/** A bus whose messages leave later: `perByte` seconds a byte, one after another. */
function slow(bus: Bus, perByte: number): Bus {
  let queue = Promise.resolve();
  return new Proxy(bus, {
    get(target, name) {
      if (name !== 'publish') return Reflect.get(target, name).bind?.(target) ?? Reflect.get(target, name);
      return (topic: string, payload: Uint8Array) => {
        queue = queue.then(
          () => new Promise((resolve) => setTimeout(resolve, payload.length * perByte * 1000)),
        );
        return queue.then(() => target.publish(topic, payload));
      };
    },
  });
}

describe('the probe of a link', () => {
  let hub: MemoryHub;
  let here: Bus;
  let there: Bus;
  let probe: LinkProbe;
  beforeEach(async () => {
    hub = new MemoryHub();
    here = hub.bus();
    there = hub.bus();
    await here.start();
    await there.start();
  });
  afterEach(async () => {
    await probe.stop();
    await here.stop();
    await there.stop();
  });

  it('sees which way is slow', async () => {
    await answerProbes(slow(there, 5e-8), topics, 'a');
    probe = new LinkProbe({ bus: slow(here, 1e-6), topics });
    await probe.start();
    const { toAgent, fromAgent } = await measureLink('a', async (bytes, back) => {
      const echo = await probe.roundTrip('a', bytes, back);
      return echo && echo.seconds - echo.heldSeconds;
    });
    expect(toAgent.beta).toBeGreaterThanOrEqual(5e-7);
    expect(toAgent.beta).toBeGreaterThan(4 * fromAgent.beta);
    expect(fromAgent.beta).toBeGreaterThan(0);
  });

  it('takes what the agent held off the whole', async () => {
    probe = new LinkProbe({ bus: here, topics });
    await probe.start();
    await there.subscribe(topics.probe('a'), async (topic, payload) => {
      const { id } = decodeFrame(PROBE, topic, payload).header;
      const held = performance.now();
      await new Promise((resolve) => setTimeout(resolve, 50));
      const header = { v: 1, id, heldMs: performance.now() - held } as const;
      await there.publish(
        topics.probeReply('a'),
        encodeFrame<ProbeReply>(header, 0, () => undefined),
      );
    });
    const echo = await probe.roundTrip('a', 64, 0);
    expect(echo!.heldSeconds).toBeGreaterThanOrEqual(0.049);
    expect(echo!.seconds).toBeGreaterThanOrEqual(echo!.heldSeconds);
  });

  it('does not believe that an agent held a message for longer than it was away', async () => {
    probe = new LinkProbe({ bus: here, topics });
    await probe.start();
    await there.subscribe(topics.probe('a'), (topic, payload) => {
      const { id } = decodeFrame(PROBE, topic, payload).header;
      const lie = encodeFrame<ProbeReply>({ v: 1, id, heldMs: 1e9 }, 0, () => undefined);
      void there.publish(topics.probeReply('a'), lie);
    });
    const echo = await probe.roundTrip('a', 64, 0);
    expect(echo!.seconds - echo!.heldSeconds).toBe(0);
  });

  it('knows a lost message, and waits for nothing once it has stopped', async () => {
    probe = new LinkProbe({ bus: here, topics, timeoutMs: 20 });
    await probe.start();
    await answerProbes(there, topics, 'a');
    hub.copies = (topic) => (topic === topics.probeReply('a') ? 0 : 1);
    expect(await probe.roundTrip('a', 64, 0)).toBeUndefined();
    hub.copies = () => 2;
    expect(await probe.roundTrip('a', 64, 0)).toBeDefined();
    const waiting = new LinkProbe({ bus: here, topics, timeoutMs: 600_000 });
    await waiting.start();
    const never = waiting.roundTrip('nobody', 64, 0);
    await waiting.stop();
    expect(await never).toBeUndefined();
    expect(await waiting.roundTrip('a', 64, 0)).toBeUndefined();
  });
});
