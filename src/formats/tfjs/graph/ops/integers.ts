import type { Tensor } from '../../../../tensor/tensor.ts';
import { integers, type Operation, type TranslationFamily, Untranslatable } from '../operation.ts';

const OPERATIONS: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  AddV2: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => Math.trunc(a / b),
  RealDiv: (a, b) => Math.trunc(a / b),
  FloorDiv: (a, b) => Math.floor(a / b),
  FloorMod: (a, b) => a - Math.floor(a / b) * b,
  Maximum: Math.max,
  Minimum: Math.min,
};

/** Those whose result is a truth value: whether a loop goes on, and which branch is taken. */
const TRUTHS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  Less: (a, b) => a < b,
  LessEqual: (a, b) => a <= b,
  Greater: (a, b) => a > b,
  GreaterEqual: (a, b) => a >= b,
  Equal: (a, b) => a === b,
  NotEqual: (a, b) => a !== b,
  LogicalAnd: (a, b) => a !== 0 && b !== 0,
  LogicalOr: (a, b) => a !== 0 || b !== 0,
};

/**
 * The result of an operator on two constants of integers or truth values, each a number or as long as the other: parts of
 * shapes, counters of loops.
 */
export function foldedIntegers(operation: Operation): string | undefined {
  const { op } = operation.node;
  const truth = TRUTHS[op];
  const compute = truth ? (x: number, y: number) => Number(truth(x, y)) : OPERATIONS[op];
  const [a, b] = [0, 1].map((at) => constantOf(operation, at));
  if (!compute || !a || !b || (a.size !== 1 && b.size !== 1 && String(a.shape) !== String(b.shape)))
    return undefined;
  const [large, small] =
    a.size > b.size || (a.size === b.size && a.shape.length >= b.shape.length) ? [a, b] : [b, a];
  if (small.shape.length > large.shape.length) return undefined;
  const { shape } = large;
  const [left, right] = [a, b].map(({ data }) => Array.from(data as ArrayLike<number>, Number));
  const values = Array.from({ length: Math.max(a.size, b.size) }, (_, at) =>
    compute(left![a.size === 1 ? 0 : at]!, right![b.size === 1 ? 0 : at]!),
  );
  if (!values.every((value) => Number.isSafeInteger(value))) throw new Untranslatable('divides a shape by 0');
  return operation.constant('value', integers(shape, values, truth ? 'bool' : 'int32'));
}

function constantOf(operation: Operation, at: number): Tensor | undefined {
  const tensor = operation.builder.value(operation.input(at));
  const whole = tensor?.dtype === 'int32' || tensor?.dtype === 'bool';
  return whole && tensor.size <= 4096 ? tensor : undefined;
}

function product(operation: Operation): string[] {
  const values = operation.numbers(0, 'list of factors');
  const shape = operation.shapeOf(operation.input(0));
  if (shape.length > 1 || operation.typeOf(operation.input(0)).dtype !== 'int32') {
    throw new Untranslatable('is a product of more than a shape');
  }
  const kept = operation.attributes.flag('keep_dims') ? shape.map(() => 1) : [];
  return [operation.constant('value', integers(kept, [values.reduce((all, each) => all * each, 1)]))];
}

function range(operation: Operation): string[] {
  const [start, limit, delta] = [0, 1, 2].map((at) => operation.number(at, 'bound'));
  if (operation.typeOf(operation.input(0)).dtype !== 'int32')
    throw new Untranslatable('is a range of no integers');
  const count = Math.max(0, Math.ceil((limit! - start!) / delta!));
  if (!(count <= 65_536)) throw new Untranslatable(`is a range of ${count} numbers`);
  const values = Array.from({ length: count }, (_, at) => start! + at * delta!);
  return [operation.constant('value', integers([count], values))];
}

/** Shapes are known, so what is asked of them is, too. */
export const INTEGERS: TranslationFamily = {
  Shape: (operation) => {
    const shape = operation.shapeOf(operation.input(0));
    return [operation.constant('value', integers([shape.length], shape))];
  },
  Rank: (operation) => [
    operation.constant('value', integers([], [operation.shapeOf(operation.input(0)).length])),
  ],
  Size: (operation) => {
    const size = operation.shapeOf(operation.input(0)).reduce((all, each) => all * each, 1);
    return [operation.constant('value', integers([], [size]))];
  },
  Prod: product,
  Range: range,
};
