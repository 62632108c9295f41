import { expect, it } from '@jest/globals';
import { RecentSet } from '../../src/base/recent-set.ts';

it('a set of recent keys remembers the last ones alone', () => {
  const set = new RecentSet(2);
  for (const key of ['a', 'b', 'a', 'c']) set.add(key);
  expect(['a', 'b', 'c'].map((key) => set.has(key))).toEqual([true, false, true]);
  set.delete('a');
  expect(set.has('a')).toBe(false);
});
