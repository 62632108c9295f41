import type { Operation, Translation, TranslationFamily } from '../operation.ts';
import { formatOf } from '../planes.ts';
import { ACTIVATIONS } from './activations.ts';
import { angleOf } from './angles.ts';
import { withBias } from './convolution.ts';
import { divisionOrZero, floorDivision, floorRemainder } from './division.ts';
import { foldedIntegers } from './integers.ts';
import { exponentialLessOne, logarithmOfOneMore } from './near-zero.ts';

const unary =
  (op: string): Translation =>
  (operation) => [operation.add(op, [operation.input(0)])];

/** Two operands that broadcast; shapes that are computed from shapes are computed here. */
function binary(make: (operation: Operation, a: string, b: string) => string): Translation {
  return (operation) => {
    const folded = foldedIntegers(operation);
    return [folded ?? make(operation, operation.input(0), operation.input(1))];
  };
}

const plainly = (op: string) => binary((operation, a, b) => operation.add(op, [a, b]));

function squaredDifference(operation: Operation, a: string, b: string): string {
  const difference = operation.add('Sub', [a, b]);
  return operation.add('Mul', [difference, difference]);
}

const activations = [...ACTIVATIONS].map(([op, activation]): [string, Translation] => [
  op,
  (operation) => [activation(operation, operation.input(0), operation.attributes.number('alpha', 0.2))],
]);

const clipped: Translation = (operation) => {
  const [x, low, high] = [operation.input(0), operation.input(1), operation.input(2)];
  return [operation.add('Min', [operation.add('Max', [x, low]), high])];
};

/** A condition of one dimension picks whole pictures, one behind the other. */
function selected(operation: Operation): string[] {
  const [condition, a, b] = [operation.input(0), operation.input(1), operation.input(2)];
  const [{ length }, { length: rank }] = [operation.shapeOf(condition), operation.shapeOf(a)];
  const shape = [...operation.shapeOf(condition), ...new Array(Math.max(0, rank - length)).fill(1)];
  const laid = length === 1 && rank > 1 ? operation.reshape(condition, shape) : condition;
  return [operation.add('Where', [laid, a, b])];
}

/** TensorFlow and ONNX have the same names for them. */
const TRIGONOMETRIC = [
  ...['Sin', 'Cos', 'Tan', 'Asin', 'Acos', 'Atan', 'Sinh', 'Cosh', 'Asinh', 'Acosh', 'Atanh'],
] as const;

export const ELEMENTWISE: TranslationFamily = {
  ...Object.fromEntries(activations),
  Abs: unary('Abs'),
  ...Object.fromEntries(TRIGONOMETRIC.map((op) => [op, unary(op)])),
  Ceil: unary('Ceil'),
  Erf: unary('Erf'),
  Exp: unary('Exp'),
  Expm1: (operation) => [exponentialLessOne(operation, operation.input(0))],
  Floor: unary('Floor'),
  Inv: unary('Reciprocal'),
  IsInf: unary('IsInf'),
  IsNan: unary('IsNaN'),
  Log: unary('Log'),
  Log1p: (operation) => [logarithmOfOneMore(operation, operation.input(0))],
  Neg: unary('Neg'),
  Reciprocal: unary('Reciprocal'),
  Round: unary('Round'),
  Sign: unary('Sign'),
  Sqrt: unary('Sqrt'),
  Rsqrt: (operation) => [operation.add('Reciprocal', [operation.add('Sqrt', [operation.input(0)])])],
  Square: (operation) => [operation.add('Mul', [operation.input(0), operation.input(0)])],
  Prelu: (operation) => [operation.add('PRelu', [operation.input(0), operation.input(1)])],
  ClipByValue: clipped,
  Add: plainly('Add'),
  AddV2: plainly('Add'),
  Sub: plainly('Sub'),
  Mul: plainly('Mul'),
  Div: plainly('Div'),
  RealDiv: plainly('Div'),
  FloorDiv: binary(floorDivision),
  FloorMod: binary(floorRemainder),
  DivNoNan: binary(divisionOrZero),
  Atan2: binary(angleOf),
  Maximum: plainly('Max'),
  Minimum: plainly('Min'),
  Pow: plainly('Pow'),
  SquaredDifference: binary(squaredDifference),
  Less: plainly('Less'),
  LessEqual: plainly('LessOrEqual'),
  Greater: plainly('Greater'),
  GreaterEqual: plainly('GreaterOrEqual'),
  Equal: plainly('Equal'),
  NotEqual: binary((operation, a, b) => operation.add('Not', [operation.add('Equal', [a, b])])),
  LogicalAnd: plainly('And'),
  LogicalOr: plainly('Or'),
  LogicalNot: unary('Not'),
  SelectV2: (operation) => [
    operation.add('Where', [operation.input(0), operation.input(1), operation.input(2)]),
  ],
  Select: selected,
  AddN: (operation) => [operation.add('Sum', operation.inputs)],
  BiasAdd: (operation) => [withBias(operation, operation.input(0), operation.input(1), formatOf(operation))],
  BiasAddV1: (operation) => [withBias(operation, operation.input(0), operation.input(1), 'NHWC')],
};
