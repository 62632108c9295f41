import { expect, it } from '@jest/globals';
import { excessOverBruteForce } from './brute-force.ts';

/** More cases are in test/slow/planning.test.ts. */
it('auto is the fastest of all plans there are', () => {
  const excess = excessOverBruteForce(120, 1);
  expect(excess).toHaveLength(120);
  expect(Math.max(...excess)).toBeLessThan(1e-9);
});
