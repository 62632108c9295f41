import type { WorkKind } from '../partition/work.ts';
import { HOST_TERMS, type HostFactors, type HostTerm } from './host-factors.ts';

/** What stages took, beside a way to predict them by other factors. */
export interface HostEvidence {
  /** One per stage. */
  readonly measuredSeconds: readonly number[];
  readonly predictedSeconds: (factors: HostFactors) => readonly number[];
  /** Kinds of operators in it: a factor of a kind that nobody ran is not asked for. */
  readonly kinds: ReadonlySet<WorkKind>;
}

/** Beyond this share a stage counts by its distance and no more by its square: one that met a hiccup says little. */
const HUBER = 0.15;
/** How much a factor of e must gain: with few stages, what was calibrated holds. In squares of shares, of one stage. */
const PRIOR = 0.02;
/** Steps of the logarithm of a factor. */
const STEPS = [0.5, 0.25, 0.12, 0.06] as const;
const ROUNDS = 4;
const BOUND = Math.log(16);

/**
 * The factors by which what is predicted comes nearest to what was measured, all stages together: a search along one
 * factor after the other. `from` is where it begins. It yields between predictions, so that an event loop can go on.
 */
export function* hostFit(
  evidence: readonly HostEvidence[],
  from: HostFactors = {},
): Generator<void, HostFactors, void> {
  const terms = termsOf(evidence);
  const logs = new Map(terms.map((term) => [term, Math.log(from[term] ?? 1)]));
  const factors = () => Object.fromEntries([...logs].map(([term, log]) => [term, Math.exp(log)]));
  let least = lossOf(evidence, factors(), logs);
  for (const step of STEPS) {
    for (let round = 0; round < ROUNDS; round += 1) {
      const before = least;
      for (const term of terms) {
        const at = logs.get(term)!;
        for (const to of [at + step, at - step]) {
          if (Math.abs(to) > BOUND) continue;
          logs.set(term, to);
          yield;
          const loss = lossOf(evidence, factors(), logs);
          if (loss < least) {
            least = loss;
            break;
          }
          logs.set(term, at);
        }
      }
      if (least > 0.999 * before) break;
    }
  }
  return factors();
}

function termsOf(evidence: readonly HostEvidence[]): (HostTerm | WorkKind)[] {
  const kinds = new Set(evidence.flatMap(({ kinds }) => [...kinds]));
  return [...HOST_TERMS, ...kinds];
}

function lossOf(
  evidence: readonly HostEvidence[],
  factors: HostFactors,
  logs: ReadonlyMap<string, number>,
): number {
  let loss = 0;
  for (const { measuredSeconds, predictedSeconds } of evidence) {
    const predicted = predictedSeconds(factors);
    measuredSeconds.forEach((measured, at) => {
      loss += huber(Math.log(measured / predicted[at]!));
    });
  }
  for (const log of logs.values()) loss += PRIOR * log * log;
  return loss;
}

function huber(distance: number): number {
  const size = Math.abs(distance);
  return size <= HUBER ? size * size : HUBER * (2 * size - HUBER);
}
