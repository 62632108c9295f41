import { int } from '../builder.ts';
import type { Operation } from '../operation.ts';

/** True where a remainder `r` of a truncated division by `b` must move by `b` to have the sign of `b`. */
function unlikeSigns(operation: Operation, r: string, b: string): string {
  const zero = operation.scalar('zero', 0, r);
  const [left, right] = [r, b].map((x) => operation.add('Less', [x, zero])) as [string, string];
  const unequal = operation.add('Not', [operation.add('Equal', [r, zero])]);
  return operation.add('And', [operation.add('Xor', [left, right]), unequal]);
}

/** Division that is rounded down. ONNX divides integers towards zero. */
export function floorDivision(operation: Operation, a: string, b: string): string {
  const quotient = operation.add('Div', [a, b]);
  if (operation.typeOf(a).dtype === 'float32') return operation.add('Floor', [quotient]);
  const remainder = operation.add('Sub', [a, operation.add('Mul', [quotient, b])]);
  const lower = operation.add('Sub', [quotient, operation.scalar('one', 1, quotient)]);
  return operation.add('Where', [unlikeSigns(operation, remainder, b), lower, quotient]);
}

/** The remainder with the sign of the divisor. Of floats, ONNX has the one with the sign of the dividend alone. */
export function floorRemainder(operation: Operation, a: string, b: string): string {
  if (operation.typeOf(a).dtype !== 'float32') return operation.add('Mod', [a, b]);
  const remainder = operation.add('Mod', [a, b], { fmod: int(1) });
  const moved = operation.add('Add', [remainder, b]);
  return operation.add('Where', [unlikeSigns(operation, remainder, b), moved, remainder]);
}

/** 0 where the divisor is 0, whatever is divided. */
export function divisionOrZero(operation: Operation, a: string, b: string): string {
  const zero = operation.scalar('zero', 0, b);
  const quotient = operation.add('Div', [a, b]);
  return operation.add('Where', [operation.add('Equal', [b, zero]), zero, quotient]);
}
