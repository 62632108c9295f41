import type { Operation } from '../operation.ts';

/**
 * log(1 + x), also where 1 + x rounds most of x away: with u = 1 + x as it was rounded, log(u) * x / (u - 1). Where u - 1 is x,
 * nothing was rounded away. By W. Kahan; see Higham, "Accuracy and Stability of Numerical Algorithms", 2nd edition, problem 1.5.
 */
export function logarithmOfOneMore(operation: Operation, x: string): string {
  const one = operation.scalar('one', 1, x);
  const u = operation.add('Add', [x, one]);
  const kept = operation.add('Sub', [u, one]);
  const log = operation.add('Log', [u]);
  const scaled = operation.add('Mul', [log, operation.add('Div', [x, kept])]);
  const nothingKept = operation.add('Equal', [kept, operation.scalar('zero', 0, x)]);
  const exact = operation.add('Equal', [kept, x]);
  return operation.add('Where', [nothingKept, x, operation.add('Where', [exact, log, scaled])]);
}

/**
 * exp(x) - 1, also where exp(x) is near 1: with u = exp(x) as it was rounded, (u - 1) * x / log(u). By W. Kahan; see Higham,
 * section 1.14.1. Beyond 1 from zero the subtraction loses nothing.
 */
export function exponentialLessOne(operation: Operation, x: string): string {
  const one = operation.scalar('one', 1, x);
  const u = operation.add('Exp', [x]);
  const less = operation.add('Sub', [u, one]);
  const scaled = operation.add('Div', [operation.add('Mul', [less, x]), operation.add('Log', [u])]);
  const near = operation.add('Where', [operation.add('Equal', [u, one]), x, scaled]);
  const far = operation.add('Greater', [operation.add('Abs', [x]), one]);
  return operation.add('Where', [far, less, near]);
}
