import { axisOf, numberOf, numbersOf } from '../../graph/attributes.ts';
import { contextOf } from '../../graph/infer.ts';
import { opsetOf } from '../../graph/operators/index.ts';
import { reducedAxes } from '../../graph/operators/reduce.ts';
import { cutsOf } from '../../graph/operators/slicing.ts';
import { integersOf, type OperatorContext } from '../../graph/operators/spec.ts';
import { type Range, type Region, regionShape, wholeRegion } from '../../tensor/region.ts';
import {
  freshOutput,
  hasInput,
  inputShape,
  outputShape,
  type Part,
  type Rule,
  samePart,
  type Target,
} from './rule.ts';

function contextOfTarget({ graph, node }: Target): OperatorContext {
  return contextOf(node, opsetOf(graph), graph.types, graph.initializers)!;
}

/** The node as it is on a part of its first input; its other inputs say how, and are needed whole. */
function withParameters(target: Target, input: Region): Part {
  const { node } = target;
  const others = node.inputs
    .slice(1)
    .map((_, at) => (hasInput(node, at + 1) ? wholeRegion(inputShape(target, at + 1)) : undefined));
  return samePart(node, [input, ...others]);
}

/** The axes that are summed over must be whole; the others are free. */
export const reduction: Rule = (target) => {
  const { node, region } = target;
  const axes = reducedAxes(contextOfTarget(target));
  if (!axes) return undefined;
  const kept = numberOf(node, 'keepdims', 1) !== 0;
  let at = 0;
  const input = inputShape(target, 0).map((extent, axis): Range => {
    if (!axes.has(axis)) return region[at++]!;
    if (kept) at += 1;
    return [0, extent];
  });
  return withParameters(target, input);
};

/** Axes that are not resized are free; the others must be whole. */
export const resizing: Rule = (target) => {
  const { node, region } = target;
  const [from, to] = [inputShape(target, 0), outputShape(target)];
  const free = region.every(
    ([start, end], axis) => (start === 0 && end === to[axis]) || from[axis] === to[axis],
  );
  if (!free) return undefined;
  const named = numbersOf(node, 'axes')?.map((axis) => axisOf(axis, region.length));
  // sizes and scales of a named axis would be those of the whole
  const whole = (axis: number) => region[axis]![0] === 0 && region[axis]![1] === to[axis];
  if (named?.some((axis) => !whole(axis))) return undefined;
  const input = region.map((range, axis): Range => (from[axis] === to[axis] ? range : [0, from[axis]!]));
  // sizes name every axis, those of the part too; a region of interest counts in the whole
  if (hasInput(node, 1) && node.op === 'Resize' && node.inputs.length > 2 && inputShape(target, 1)[0] !== 0)
    return undefined;
  if (named || !hasInput(node, 3) || inputShape(target, 3)[0] === 0) return withParameters(target, input);
  return {
    inputs: [input, undefined, undefined, undefined],
    emit(builder) {
      const sizes = builder.int64s(`${node.name}/sizes`, regionShape(region));
      const inputs = [builder.take(node.inputs[0]!, input), '', '', sizes];
      builder.node({ ...node, inputs, outputs: [node.outputs[0]!] });
    },
  };
};

/** Axes that are not padded are free; the others must be whole. */
export const padding: Rule = (target) => {
  const { node, region } = target;
  const [from, to] = [inputShape(target, 0), outputShape(target)];
  const context = contextOfTarget(target);
  const pads = hasInput(node, 1) ? context.constant(1)?.data : numbersOf(node, 'pads');
  const axes = hasInput(node, 3)
    ? integersOf(context, 3)?.map((axis) => axisOf(axis, from.length))
    : from.map((_, axis) => axis);
  if (!pads || !axes || pads.length !== 2 * axes.length) return undefined;
  const pad = (at: number) => Number(pads[at]) !== 0;
  const input: Range[] = [];
  for (const [axis, [start, end]] of region.entries()) {
    const at = axes.indexOf(axis);
    const padded = at >= 0 && (pad(at) || pad(at + axes.length));
    if (padded && (start !== 0 || end !== to[axis])) return undefined;
    input.push(padded ? [0, from[axis]!] : [start, end]);
  }
  return withParameters(target, input);
};

/** What a Slice takes is a region of its input, shifted; it may step over elements, but forwards. */
export const slicing: Rule = (target) => {
  const { node, region } = target;
  const cuts = cutsOf(contextOfTarget(target), inputShape(target, 0));
  if (!cuts || cuts.some(({ step }) => step < 1)) return undefined;
  const input = [...region];
  for (const { axis, start, step } of cuts) {
    const [from, to] = region[axis]!;
    input[axis] = [start + from * step, start + (to - 1) * step + 1];
  }
  const steps = new Map(cuts.map(({ axis, step }) => [axis, step]));
  return {
    inputs: [input],
    emit: (builder) => builder.slice(node.inputs[0]!, input, node.outputs[0]!, steps),
  };
};

/**
 * One scale for all, or one per element of an axis, or (`block_size`) one for so many elements along it. A region that ends within
 * a block is made with the whole block, and taken from that.
 */
export const quantizing: Rule = (target) => {
  const { node, region } = target;
  const block = numberOf(node, 'block_size', 0);
  const given = numberOf(node, 'axis', 1);
  const axis = given < 0 ? given + region.length : given;
  if (block > 0 && region[axis]) return inBlocks(target, axis, block);
  const parameters = [1, 2].map((at): Region | undefined => {
    if (!hasInput(node, at)) return undefined;
    const shape = inputShape(target, at);
    return shape.length === 1 && shape[0]! > 1 ? [region[axis]!] : wholeRegion(shape);
  });
  return samePart(node, [region, ...parameters]);
};

function inBlocks(target: Target, axis: number, block: number): Part {
  const { node, region } = target;
  const [from, to] = region[axis]!;
  const blocks: Range = [Math.floor(from / block), Math.ceil(to / block)];
  const around: Range = [blocks[0] * block, Math.min(blocks[1] * block, inputShape(target, 0)[axis]!)];
  const whole = region.with(axis, around);
  const parameters = [1, 2].map((at) => (hasInput(node, at) ? region.with(axis, blocks) : undefined));
  const part = samePart(node, [whole, ...parameters]);
  if (from === around[0] && to === around[1]) return part;
  return {
    inputs: part.inputs,
    emit(builder) {
      const names = node.inputs.map((name, at) =>
        part.inputs[at] ? builder.take(name, part.inputs[at]) : '',
      );
      const made = freshOutput(builder, target, whole);
      builder.node({ ...node, inputs: names, outputs: [made] });
      const bounds = [
        builder.int64s(`${node.name}/starts`, [from - around[0]]),
        builder.int64s(`${node.name}/ends`, [to - around[0]]),
        builder.int64s(`${node.name}/axes`, [axis]),
      ];
      const name = `${node.name}/within`;
      const inputs = [made, ...bounds];
      builder.node({ name, op: 'Slice', domain: '', inputs, outputs: [node.outputs[0]!], attributes: {} });
    },
  };
}
