import type { Bus } from '../transport/bus.ts';
import { decodeFrame, encodeFrame } from '../wire/codec.ts';
import { VERSION } from '../wire/messages/common.ts';
import { PROBE, type ProbeReply } from '../wire/messages/probe.ts';
import type { Topics } from '../wire/topics.ts';

/** Answers the master's probes of this agent's link; resolves when it listens. */
export async function answerProbes(bus: Bus, topics: Topics, agent: string): Promise<void> {
  await bus.subscribe(topics.probe(agent), (topic, payload) => {
    const arrived = performance.now();
    const { header } = decodeFrame(PROBE, topic, payload);
    const { id, reply } = header;
    const answer = (heldMs: number) =>
      encodeFrame<ProbeReply>({ v: VERSION, id, heldMs }, reply, (target) => target.fill(1));
    const began = performance.now();
    answer(0);
    const ended = performance.now();
    // Making the answer takes as long as it just did, and cannot be in it otherwise.
    const frame = answer(ended - arrived + (ended - began));
    bus.publish(topics.probeReply(agent), frame).catch(() => undefined);
  });
}
