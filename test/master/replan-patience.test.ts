import { describe, expect, it } from '@jest/globals';
import { ReplanPatience } from '../../src/master/replan-patience.ts';

function patience() {
  const clock = { ms: 0 };
  const of = new ReplanPatience({ settleMs: 300, replanMs: 10_000, now: () => clock.ms });
  return { clock, of };
}

describe('ReplanPatience', () => {
  it('lets figures settle, and plans come ten seconds apart', () => {
    const { clock, of } = patience();
    expect(of.waitMs).toBe(300);
    of.planned();
    expect(of.waitMs).toBe(10_000);
    clock.ms = 9900;
    expect(of.waitMs).toBe(300);
  });

  it('waits twice as long after every plan that gained too little, up to 16 times, until another plan runs', () => {
    const { of } = patience();
    const waits = Array.from({ length: 6 }, () => {
      of.planned();
      of.fruitless(1);
      return of.waitMs;
    });
    expect(waits).toEqual([20_000, 40_000, 80_000, 160_000, 160_000, 160_000]);
    of.renew();
    expect(of.waitMs).toBe(10_000);
  });

  it('ends where the running plan is far from what it was, once', () => {
    const { of } = patience();
    of.planned();
    of.fruitless(1);
    expect([of.renewBy(1.2), of.renewBy(0.85)]).toEqual([false, false]);
    expect(of.waitMs).toBe(20_000);
    expect([of.renewBy(1.3), of.renewBy(1.3)]).toEqual([true, false]);
    expect(of.waitMs).toBe(10_000);
    of.fruitless(1);
    expect(of.renewBy(0.7)).toBe(true);
  });
});
