import type { Operation } from '../operation.ts';

/** The angle of the point (x, y), between -pi and pi. ONNX has the arc tangent of one number alone, which is that of x > 0. */
export function angleOf(operation: Operation, y: string, x: string): string {
  const zero = operation.scalar('zero', 0, x);
  const [quarter, half] = [Math.PI / 2, Math.PI].map((angle) => operation.scalar('angle', angle, x)) as [
    string,
    string,
  ];
  const negated = (angle: string) => operation.add('Neg', [angle]);
  const pick = (condition: string, a: string, b: string) => operation.add('Where', [condition, a, b]);
  const [right, left] = ['Greater', 'Less'].map((op) => operation.add(op, [x, zero])) as [string, string];
  const [above, below] = ['Greater', 'Less'].map((op) => operation.add(op, [y, zero])) as [string, string];
  const slope = operation.add('Atan', [operation.add('Div', [y, x])]);
  const behind = operation.add('Add', [slope, pick(below, negated(half), half)]);
  const upright = pick(above, quarter, pick(below, negated(quarter), zero));
  return pick(right, slope, pick(left, behind, upright));
}
