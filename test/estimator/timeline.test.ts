import { describe, expect, it } from '@jest/globals';
import { Timeline } from '../../src/estimator/timeline.ts';

describe('a resource', () => {
  it('serves in the order in which it is asked', () => {
    const time = new Timeline(1);
    expect(time.serve(0, 0, 2)).toBe(2);
    expect(time.serve(0, 1, 2)).toBe(4);
    expect(time.serve(0, 9, 1)).toBe(10);
    expect(time.busy[0]).toBe(5);
    time.reset();
    expect(time.serve(0, 0, 1)).toBe(1);
  });
});

describe('a transmission', () => {
  it('streams: the second hop begins after the first chunk', () => {
    const time = new Timeline(2);
    time.begin(0);
    time.hop(1);
    time.along(0, 4);
    time.hop(2);
    time.along(1, 8);
    // four chunks: the first is over the first hop at 1, and the slower hop takes 8 from there
    expect(time.tail).toBe(9);
  });

  it('ends a chunk after the slower hop before', () => {
    const time = new Timeline(2);
    time.begin(0);
    time.hop(2);
    time.along(0, 8);
    time.hop(1);
    time.along(1, 4);
    expect(time.tail).toBe(9);
  });

  it('takes the slowest resource of a hop, and occupies each for its own time', () => {
    const time = new Timeline(3);
    for (const link of [1, 2]) {
      time.begin(0);
      time.hop(1);
      time.along(0, 1);
      time.along(link, 10);
      expect(time.tail).toBe(10);
    }
    expect([...time.busy]).toEqual([2, 10, 10]);
  });

  it('waits where many share a card', () => {
    const time = new Timeline(21);
    const ends = Array.from({ length: 20 }, (_, link) => {
      time.begin(0);
      time.hop(0);
      time.along(20, 1);
      time.along(link, 10);
      return time.tail;
    });
    expect(ends.slice(0, 10)).toEqual(new Array(10).fill(10));
    expect(ends.at(-1)).toBe(20);
  });
});
