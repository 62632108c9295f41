import { axisOf, numberOf, numbersOf } from '../../graph/attributes.ts';
import {
  type Range,
  type Region,
  regionShape,
  regionSize,
  runsOf,
  type Shape,
  sizeOf,
} from '../../tensor/region.ts';
import { inputShape, outputShape, type Rule, samePart } from './rule.ts';

/** The box of `shape` that is the run of `length` elements at `offset` in row-major order, where there is one. */
function boxOf(shape: Shape, offset: number, length: number): Region | undefined {
  let stride = sizeOf(shape);
  let rest = offset;
  const region: Range[] = [];
  for (let axis = 0; axis < shape.length; axis += 1) {
    stride /= shape[axis]!;
    const start = Math.floor(rest / stride);
    rest -= start * stride;
    if (rest === 0 && length % stride === 0 && start + length / stride <= shape[axis]!) {
      region.push([start, start + length / stride]);
      return [...region, ...shape.slice(axis + 1).map((extent): Range => [0, extent])];
    }
    region.push([start, start + 1]);
  }
  return length === 1 ? region : undefined;
}

/** Neighbouring axes of the input and of the output that hold the same number of elements: half-open ranges of axes. */
interface AxisGroup {
  readonly from: Range;
  readonly to: Range;
}

/**
 * The finest groups of axes that a reshaping keeps apart.
 *
 *     1 x 116     x 28 x 28
 *     1 x 2 x 58  x 28 x 28        four groups: rows and columns stay as they are
 */
function axisGroups(from: Shape, to: Shape): AxisGroup[] {
  const groups: AxisGroup[] = [];
  for (let [a, b] = [0, 0]; a < from.length || b < to.length; ) {
    const [startA, startB] = [a, b];
    let sizeA = a < from.length ? from[a++]! : 1;
    let sizeB = b < to.length ? to[b++]! : 1;
    while (sizeA !== sizeB) {
      if (sizeA < sizeB) sizeA *= from[a++]!;
      else sizeB *= to[b++]!;
    }
    groups.push({ from: [startA, a], to: [startB, b] });
  }
  return groups;
}

/** The box of the input that holds the elements of `region`; undefined where they do not lie in one. */
function reshapedBox(from: Shape, to: Shape, region: Region): Region | undefined {
  if (regionSize(region) === 0) return undefined;
  const input: Range[] = [];
  for (const group of axisGroups(from, to)) {
    const part = region.slice(...group.to);
    const runs = runsOf(to.slice(...group.to), part);
    const box =
      runs.count === 1 ? boxOf(from.slice(...group.from), runs.offsetOf(0), runs.length) : undefined;
    if (!box) return undefined;
    input.push(...box);
  }
  return input;
}

/** Flatten, Reshape, Squeeze, Unsqueeze: the elements keep their order, so in each group of axes one run becomes one run. */
export const reshaping: Rule = (target) => {
  const { node, region } = target;
  const input = reshapedBox(inputShape(target, 0), outputShape(target), region);
  if (!input) return undefined;
  return {
    inputs: [input],
    emit(builder) {
      const shape = builder.int64s(`${node.name}/shape`, regionShape(region));
      const inputs = [builder.take(node.inputs[0]!, input), shape];
      builder.node({ ...node, op: 'Reshape', inputs, outputs: [node.outputs[0]!], attributes: {} });
    },
  };
};

/** Only the operands that the region touches are needed, each where the region touches it. */
export const concatenation: Rule = (target) => {
  const { node, region } = target;
  const axis = axisOf(numberOf(node, 'axis', 1), region.length);
  const [from, to] = region[axis]!;
  let start = 0;
  const inputs = node.inputs.map((_, at) => {
    const extent = inputShape(target, at)[axis]!;
    const touched: Range = [Math.max(0, from - start), Math.min(extent, to - start)];
    start += extent;
    return touched[0] < touched[1] ? region.with(axis, touched) : undefined;
  });
  return {
    inputs,
    emit(builder) {
      const names = node.inputs.flatMap((name, at) => (inputs[at] ? [builder.take(name, inputs[at])] : []));
      builder.node({ ...node, inputs: names, outputs: [node.outputs[0]!] });
    },
  };
};

export const transposition: Rule = (target) => {
  const { node, region } = target;
  const perm = numbersOf(node, 'perm') ?? region.map((_, axis) => region.length - 1 - axis);
  const input: Range[] = new Array(region.length);
  perm.forEach((from, to) => {
    input[from] = region[to]!;
  });
  return samePart(node, [input]);
};
