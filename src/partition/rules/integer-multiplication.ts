import { numberOf } from '../../graph/attributes.ts';
import { type Range, type Region, sizeOf, wholeRegion } from '../../tensor/region.ts';
import { gemmFactors, gemmInner, matmulFactors } from './multiplication.ts';
import {
  broadcastRegion,
  freshOutput,
  hasInput,
  inputShape,
  type Reduction,
  type Rule,
  samePart,
  type Target,
} from './rule.ts';

/** Where a product of quantised factors has its second factor, a bias, and parameters with an element per column. */
export interface IntegerFactors {
  readonly second: number;
  readonly bias?: number;
  readonly perColumn: readonly number[];
}

const vector = (shape: readonly number[]) => shape.length === 1;

/**
 * The regions of all inputs; undefined where a parameter has a shape that is not cut. A scale or a zero point is one number,
 * or a vector along the columns of the second factor. The standard has one along the rows of the first, too; onnxruntime refuses it.
 */
function inputsOf(
  target: Target,
  operands: IntegerFactors,
  [a, b]: readonly [Region, Region],
): (Region | undefined)[] | undefined {
  const { node, region } = target;
  let fits = true;
  const inputs = node.inputs.map((_, at): Region | undefined => {
    if (!hasInput(node, at)) return undefined;
    if (at === 0) return a;
    if (at === operands.second) return b;
    const shape = inputShape(target, at);
    if (at === operands.bias) return broadcastRegion(shape, region);
    if (sizeOf(shape) === 1) return wholeRegion(shape);
    if (vector(shape) && operands.perColumn.includes(at)) return [region.at(-1)!];
    fits = false;
    return undefined;
  });
  return fits ? inputs : undefined;
}

const matmulOf = (target: Target, { second }: IntegerFactors, inner?: Range) => {
  const [a, b] = [inputShape(target, 0), inputShape(target, second)];
  return matmulFactors(target, inner ?? [0, a.at(-1)!], a, b);
};

export const integerMatmul =
  (operands: IntegerFactors): Rule =>
  (target) => {
    const inputs = inputsOf(target, operands, matmulOf(target, operands));
    return inputs && samePart(target.node, inputs);
  };

/** The partial sums are int32, and so is their sum: it has the bits of the whole. */
export const reducedIntegerMatmul =
  (operands: IntegerFactors): Reduction =>
  (target, channels) => {
    const { node, region } = target;
    const inputs = inputsOf(target, operands, matmulOf(target, operands, channels)) ?? [];
    return [
      {
        inputs,
        output: { region, join: 'sum' },
        emit(builder) {
          const names = node.inputs.map((name, at) => (inputs[at] ? builder.take(name, inputs[at]) : ''));
          const name = freshOutput(builder, target, region);
          builder.node({ ...node, inputs: names, outputs: [name] });
          return name;
        },
      },
    ];
  };

export const integerGemm =
  (operands: IntegerFactors): Rule =>
  (target) => {
    const factors = gemmFactors(target, [0, gemmInner(target)]);
    const inputs = inputsOf(target, operands, factors);
    return inputs && samePart(target.node, inputs);
  };

/** Filters lie packed, a row of blocks for each output channel, with scales (and zero points) in the same order. */
export const packedMatmul: Rule = (target) => {
  const { node, region } = target;
  if (hasInput(node, 4)) return undefined;
  const columns = region.at(-1)!;
  const all = numberOf(node, 'N', 0);
  const whole = columns[0] === 0 && columns[1] === all;
  const inputs = node.inputs.map((_, at): Region | undefined => {
    if (!hasInput(node, at)) return undefined;
    if (at === 0) return [...region.slice(0, -1), [0, numberOf(node, 'K', 0)]];
    const shape = inputShape(target, at);
    const each = shape[0]! / all;
    return wholeRegion(shape).with(0, [columns[0] * each, columns[1] * each]);
  });
  const even = inputs.every((cut) => cut?.every(([from, to]) => Number.isInteger(from + to)) ?? true);
  if (!even && !whole) return undefined;
  const extent = { type: 'int', value: columns[1] - columns[0] } as const;
  return samePart(node, inputs, { ...node.attributes, N: extent });
};
