import { describe, expect, it } from '@jest/globals';
import { measureBusy, measureLink } from '../../src/master/link-measurement.ts';
import { coded } from '../support/code.ts';

const seconds = (there: number, back: number) => 0.002 + 1e-8 * there + 4e-8 * back;

describe('measureLink', () => {
  it('finds α and β of each way, though every fourth message is held up', async () => {
    let sent = 0;
    const link = await measureLink(
      'a',
      async (there, back) => {
        sent += 1;
        return seconds(there, back) + (sent % 4 === 0 ? 0.3 : 0);
      },
      { budgetMs: 10_000 },
    );
    expect(link.toAgent.alpha).toBeCloseTo(0.001, 8);
    expect(link.toAgent.beta).toBeCloseTo(1e-8, 14);
    expect(link.fromAgent.beta).toBeCloseTo(4e-8, 14);
    expect(link.toAgent.spread).toBeCloseTo(0, 6);
  });

  it('asks a slow link for fewer bytes', async () => {
    let bytes = 0;
    const link = await measureLink('a', async (there, back) => {
      bytes += there + back;
      return 0.01 + 8e-6 * (there + back);
    });
    expect(bytes).toBeLessThan(400_000);
    expect(link.toAgent.beta).toBeCloseTo(8e-6, 10);
  });

  it('sends large messages though a small one was held up', async () => {
    let [small, largest] = [0, 0];
    const link = await measureLink('a', async (there, back) => {
      largest = Math.max(largest, there, back);
      if (there + back === 4096) small += 1;
      return seconds(there, back) + (there + back === 4096 && small % 5 === 0 ? 0.15 : 0);
    });
    expect(largest).toBeGreaterThanOrEqual(256 * 1024);
    expect(link.toAgent.beta).toBeCloseTo(1e-8, 12);
  });

  it('measures what waking takes', async () => {
    let last = performance.now();
    const roundTrip = async (there: number, back: number) => {
      const slept = performance.now() - last > 25;
      last = performance.now();
      return seconds(there, back) + (slept ? 0.12 : 0);
    };
    const { wakeSeconds } = await measureLink('a', roundTrip, { silenceMs: 60 });
    expect(wakeSeconds).toBeCloseTo(0.12, 6);
  });

  it('gives up on a link that loses messages', async () => {
    const lost = measureLink('pi-9', async () => undefined);
    await expect(lost).rejects.toEqual(coded('ISO_ERR_LINK_UNMEASURED', 'pi-9'));
  });
});

describe('measureBusy', () => {
  it('reports each agent under load, and leaves out rounds with a loss', async () => {
    const link = await measureLink('a', async (there, back) => seconds(there, back));
    let calls = 0;
    const waiting = new Map<string, number>();
    const { rounds, busy } = await measureBusy(
      new Map([
        ['a', link],
        ['b', link],
      ]),
      async (agent, there, back) => {
        calls += 1;
        // trains of three to each of two agents: two warm up, the third is the first that counts
        const lost = calls === 2 * 6 + 1;
        // one after another on the link of each agent
        const before = waiting.get(agent) ?? 0;
        waiting.set(agent, before + 1);
        await undefined;
        waiting.set(agent, 0);
        const behind = before * (seconds(there, back) - seconds(0, 0));
        return lost ? undefined : (seconds(there, back) + behind) * (agent === 'b' ? 2 : 1);
      },
    );
    expect([rounds.out.length, rounds.in.length, rounds.both.length]).toEqual([4, 5, 5]);
    expect(busy.get('b')!.fromAgent.beta).toBeGreaterThan(1.8 * link.fromAgent.beta);
    expect(busy.get('a')!.fromAgent.beta).toBeCloseTo(link.fromAgent.beta, 12);
  });
});
