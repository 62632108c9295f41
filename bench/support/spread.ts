import { median, quantile } from '../../src/estimator/statistics.ts';

export { median };

export interface Spread {
  readonly median: number;
  /** The quartiles: half of the values lie between them. */
  readonly low: number;
  readonly high: number;
}

export function spreadOf(values: readonly number[], digits = 3): Spread {
  const at = (q: number) => Number(quantile(values, q).toFixed(digits));
  return { median: at(0.5), low: at(0.25), high: at(0.75) };
}
