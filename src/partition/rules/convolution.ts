import { numberOf } from '../../graph/attributes.ts';
import type { Attribute, Graph, Node } from '../../graph/graph.ts';
import { type Window, windowOf } from '../../graph/window.ts';
import { type Range, type Region, type Shape, sizeOf, wholeRegion } from '../../tensor/region.ts';
import type { ProgramBuilder } from '../program-builder.ts';
import { haloOf, isWholePlane } from './halo.ts';
import {
  freshOutput,
  hasInput,
  inputShape,
  outputShape,
  type PartialSum,
  type Reduction,
  type Rule,
  type Target,
} from './rule.ts';

/** The depth of a convolution: `groups` groups of `inner` input channels and `outer` filters each. */
export interface Depth {
  readonly groups: number;
  readonly inner: number;
  readonly outer: number;
}

/** Where a convolution has its filters and its bias, and which of its parameters may have an element per filter. */
export interface ConvolutionOperands {
  readonly filters: number;
  readonly bias?: number;
  readonly perFilter: readonly number[];
}

const CONV: ConvolutionOperands = { filters: 1, bias: 2, perFilter: [] };

function depthOf(target: Target, operands: ConvolutionOperands): Depth {
  const groups = numberOf(target.node, 'group', 1);
  const filters = inputShape(target, operands.filters);
  return { groups, inner: filters[1]!, outer: filters[0]! / groups };
}

/**
 * Cuts a range of channels where groups begin and end, so that each segment is one convolution: at most a part of the
 * first group, whole groups, and a part of the last. `size` is the number of channels of a group.
 */
export function segmentsOf(
  [start, end]: Range,
  size: number,
): { range: Range; first: number; groups: number }[] {
  if (start % size === 0 && end % size === 0) {
    const first = start / size;
    return [{ range: [start, end], first, groups: end / size - first }];
  }
  const cuts = new Set([start, end]);
  const head = Math.ceil(start / size) * size;
  const tail = Math.floor(end / size) * size;
  if (head < end) cuts.add(head);
  if (tail > start) cuts.add(tail);
  const points = [...cuts].sort((a, b) => a - b);
  return points.slice(0, -1).map((from, at) => {
    const to = points[at + 1]!;
    const first = Math.floor(from / size);
    return { range: [from, to] as const, first, groups: Math.ceil(to / size) - first };
  });
}

const ints = (value: readonly number[]): Attribute => ({ type: 'ints', value });

/** What the convolution reads for some of its filters: scales and zero points go with them where there is one for each. */
function inputsOf(
  target: Target,
  { filters: at, bias, perFilter }: ConvolutionOperands,
  ifm: Region,
  filters: Region,
): (Region | undefined)[] {
  return target.node.inputs.map((_, input) => {
    if (!hasInput(target.node, input)) return undefined;
    if (input === 0) return ifm;
    if (input === at) return filters;
    const shape = inputShape(target, input);
    const parallel = input === bias || (perFilter.includes(input) && sizeOf(shape) > 1);
    return parallel ? [filters[0]!] : wholeRegion(shape);
  });
}

function taken(
  builder: ProgramBuilder,
  { inputs }: Node,
  regions: readonly (Region | undefined)[],
): string[] {
  const names = inputs.map((name, at) => (regions[at] ? builder.take(name, regions[at]) : ''));
  while (names.at(-1) === '') names.pop();
  return names;
}

/** Any box of the OFM: a range of filters, and rows and columns with their halo. */
export const convolutionRule =
  (operands: ConvolutionOperands): Rule =>
  (target) => {
    const { node, region } = target;
    const { inner, outer } = depthOf(target, operands);
    const plane = planeOf(target, operands);
    if (!plane) return undefined;
    const [batch, channels] = [region[0]!, region[1]!];
    const kernel = wholeRegion(inputShape(target, operands.filters).slice(1));
    const segments = segmentsOf(channels, outer);
    const first = segments[0]!.first;
    const last = segments.at(-1)!;
    const fed: Range = [first * inner, (last.first + last.groups) * inner];
    return {
      inputs: inputsOf(target, operands, [batch, fed, ...plane.ranges], [channels, ...kernel]),
      emit(builder) {
        const made = segments.map(({ range, first, groups }, at) => {
          const ifm: Region = [batch, [first * inner, (first + groups) * inner], ...plane.ranges];
          const name =
            segments.length === 1 ? node.outputs[0]! : freshOutput(builder, target, region.with(1, range));
          const names = taken(builder, node, inputsOf(target, operands, ifm, [range, ...kernel]));
          const part = convolutionNode(node, names, name, groups, plane.attributes());
          builder.node(segments.length === 1 ? part : { ...part, name: `${node.name}/${at}` });
          return name;
        });
        if (made.length > 1) builder.node(concatenation(node, made));
      },
    };
  };

export const convolution = convolutionRule(CONV);

/** The node with other tensors, another number of groups, and pads of its own where rows or columns were cut. */
export function convolutionNode(
  node: Node,
  inputs: readonly string[],
  output: string,
  groups: number,
  attributes: Node['attributes'] = node.attributes,
): Node {
  const group: Attribute = { type: 'int', value: groups };
  return { ...node, inputs, outputs: [output], attributes: { ...attributes, group } };
}

export function concatenation(node: Node, parts: readonly string[]): Node {
  const axis: Attribute = { type: 'int', value: 1 };
  return {
    ...node,
    name: `${node.name}/joined`,
    op: 'Concat',
    domain: '',
    inputs: parts,
    outputs: [node.outputs[0]!],
    attributes: { axis },
  };
}

interface Plane {
  readonly ranges: readonly Range[];
  readonly attributes: () => Node['attributes'];
}

function planeOf(target: Target, operands: ConvolutionOperands): Plane | undefined {
  const { node, region } = target;
  const spatial = inputShape(target, 0).slice(2);
  if (isWholePlane(region, outputShape(target)))
    return { ranges: wholeRegion(spatial), attributes: () => node.attributes };
  const { ranges, padsBegin, padsEnd } = haloOf(
    slidingWindowOf(target, spatial, operands),
    spatial,
    region.slice(2),
  );
  if (ranges.some(([start, end]) => start === end)) return undefined;
  const attributes = () => {
    const { auto_pad: _, ...others } = node.attributes;
    return { ...others, pads: ints([...padsBegin, ...padsEnd]) };
  };
  return { ranges, attributes };
}

/** A planner cuts the same node thousands of times: its window is read once. */
const WINDOWS = new WeakMap<Node, { readonly graph: Graph; readonly window: Window }>();

function slidingWindowOf(target: Target, spatial: Shape, { filters }: ConvolutionOperands): Window {
  const { graph, node } = target;
  const known = WINDOWS.get(node);
  if (known?.graph === graph) return known.window;
  const window = windowOf(node, spatial, inputShape(target, filters).slice(2));
  WINDOWS.set(node, { graph, window });
  return window;
}

/**
 * The other direction of depth: the partial sums that a range of *input* channels contributes. One piece per segment
 * of groups; a segment of whole groups is finished (`place`), a part of a group is a partial sum (`sum`). The bias
 * goes with the first input channel of its group, so that it is added once. Without groups the target's region may be
 * a range of the filters, with them it is the whole output.
 */
export const reducedConvolutionRule =
  (operands: ConvolutionOperands): Reduction =>
  (target, channels) => {
    const { node, region } = target;
    const { groups: all, inner, outer } = depthOf(target, operands);
    const kernel = wholeRegion(inputShape(target, operands.filters).slice(2));
    const plane = wholeRegion(inputShape(target, 0).slice(2));
    return segmentsOf(channels, inner).map(({ range, first, groups }): PartialSum => {
      const whole = range[1] - range[0] === groups * inner;
      const filters: Range = all === 1 ? region[1]! : [first * outer, (first + groups) * outer];
      const cut: Range = whole ? [0, inner] : [range[0] - first * inner, range[1] - first * inner];
      const inputs = inputsOf(target, operands, [region[0]!, range, ...plane], [filters, cut, ...kernel]);
      if (operands.bias !== undefined && cut[0] !== 0) inputs[operands.bias] = undefined;
      const output = region.with(1, filters);
      return {
        inputs,
        output: { region: output, join: whole ? 'place' : 'sum' },
        emit(builder) {
          const names = taken(builder, node, inputs);
          const name = freshOutput(builder, target, output);
          builder.node({ ...convolutionNode(node, names, name, groups), name });
          return name;
        },
      };
    });
  };

export const reducedConvolution = reducedConvolutionRule(CONV);
