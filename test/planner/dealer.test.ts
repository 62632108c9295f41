import { describe, expect, it } from '@jest/globals';
import type { StageCost } from '../../src/estimator/stage-summary.ts';
import type { Shard } from '../../src/partition/shard.ts';
import { Dealer } from '../../src/planner/dealer.ts';

const anybody = () => true;

/** Replicas whose shares are as given; one inference takes a second on the mean. */
function dealerOf(shares: Record<string, number>): Dealer {
  const replicas = Object.entries(shares).map(([worker, share]) => ({ worker, share }));
  const shard = {} as Shard;
  return new Dealer({
    cost: { seconds: 1 } as StageCost,
    shards: [{ worker: replicas[0]!.worker, shard, replicas }],
  });
}

/** How many of `count` inferences that are there at once go to each worker. */
function dealtAtOnce(
  dealer: Dealer,
  count: number,
  may: (worker: string) => boolean = anybody,
): Record<string, number> {
  const dealt: Record<string, number> = {};
  for (let each = 0; each < count; each += 1) {
    const worker = dealer.choose(may)!;
    dealer.begin(worker);
    dealt[worker] = (dealt[worker] ?? 0) + 1;
  }
  return dealt;
}

describe('the dealer', () => {
  it('deals by capacity, before anything was seen', () => {
    expect(dealtAtOnce(dealerOf({ a: 0.5, b: 0.3, c: 0.2 }), 10)).toEqual({ a: 5, b: 3, c: 2 });
  });

  it('learns how long one takes, and deals by that', () => {
    const dealer = dealerOf({ a: 0.5, b: 0.5 });
    for (let each = 0; each < 40; each += 1) {
      dealer.begin('a')(3);
      dealer.begin('b')(1);
    }
    expect(dealtAtOnce(dealer, 40)).toEqual({ a: 10, b: 30 });
  });

  it('takes a time in a queue for that of as many inferences', () => {
    const dealer = dealerOf({ a: 0.5, b: 0.5 });
    for (let each = 0; each < 40; each += 1) {
      const ends = [dealer.begin('a'), dealer.begin('a')];
      ends[0]!(1);
      ends[1]!(2);
    }
    expect(dealtAtOnce(dealer, 20)).toEqual({ a: 10, b: 10 });
  });

  it('passes over who may not, and learns nothing of what did not end well', () => {
    const dealer = dealerOf({ a: 0.5, b: 0.3, c: 0.2 });
    const end = dealer.begin('a');
    end();
    expect(dealtAtOnce(dealer, 10, (worker) => worker !== 'a')).toEqual({ b: 6, c: 4 });
    expect(dealer.choose(anybody)).toBe('a');
    expect(dealer.choose(() => false)).toBeUndefined();
    expect([dealer.holds('a'), dealer.holds('master')]).toEqual([true, false]);
  });
});
