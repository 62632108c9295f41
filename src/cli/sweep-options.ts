import { InvalidArgumentError } from 'commander';
import { BIT_RATE } from '../estimator/quantities.ts';
import { STRATEGY_NAMES } from '../planner/strategies.ts';
import type { SimulationOptions } from '../simulation/options.ts';

/** Parsers of what `isobath simulate` varies. */

const MOST_AGENTS = 64;

/**
 * `4`, `1,2,8`, `1..64` (the ends and the doublings between: 1, 2, 4 ... 64) or `1..64:5` (1, 6, 11 ... and 64), and any
 * list of these.
 */
export function agentCounts(text: string): number[] {
  const counts = text.split(',').flatMap((part) => {
    const [, first, last = first, step] = /^\s*(\d+)(?:\.\.(\d+)(?::(\d+))?)?\s*$/.exec(part) ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (!(from >= 1 && to <= MOST_AGENTS && from <= to) || step === '0') {
      throw new InvalidArgumentError(
        `It must be numbers from 1 to ${MOST_AGENTS}, as in 4 or 1,2,8 or 1..64 (doublings) or 1..16:1 (every one).`,
      );
    }
    const found: number[] = [];
    for (let n = from; n < to; n = step ? n + Number(step) : 2 * n) found.push(n);
    return [...found, to];
  });
  return [...new Set(counts)].sort((a, b) => a - b);
}

/** `10mbit,wifi:54mbit,1gbit`. */
export function linkRates(text: string): string[] {
  const links = text.split(',').map((link) => link.trim());
  for (const link of links) {
    if (!BIT_RATE.read(link.replace(/^wifi:/, ''))) {
      throw new InvalidArgumentError(
        `${link} must be like ${BIT_RATE.like}, or wifi:54mbit for a shared air.`,
      );
    }
  }
  return [...new Set(links)];
}

/** `auto,depth`, or `all`. */
export function strategyNames(text: string): string[] {
  if (text.trim() === 'all') return [...STRATEGY_NAMES];
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !STRATEGY_NAMES.includes(name));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`${unknown} is none of ${STRATEGY_NAMES.join(', ')}, or all.`);
  }
  return [...new Set(names)];
}

/** `0.1:3`: a tenth of the runs take three times as long. */
export function stragglers(text: string): NonNullable<SimulationOptions['stragglers']> {
  const [share, factor, ...more] = text.split(':').map(Number);
  if (!(share! >= 0 && share! <= 1 && factor! >= 1) || more.length > 0) {
    throw new InvalidArgumentError('It must be as in 0.1:3, a share from 0 to 1 and a factor from 1.');
  }
  return { share: share!, factor: factor! };
}

/** A probability or a share of something. */
export function share(max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= 0 && value <= max)) {
      throw new InvalidArgumentError(`It must be a number from 0 to ${max}.`);
    }
    return value;
  };
}
