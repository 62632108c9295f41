import { numberOf } from '../../graph/attributes.ts';
import type { Attribute, Node } from '../../graph/graph.ts';
import { type TransposedWindow, transposedWindowOf } from '../../graph/transposed-window.ts';
import { type Range, type Region, wholeRegion } from '../../tensor/region.ts';
import { concatenation, convolutionNode, type Depth, segmentsOf } from './convolution.ts';
import { isWholePlane } from './halo.ts';
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

/** Filters are [inChannels, outChannels / groups, kernel]. */
function depthOf(target: Target): Depth {
  const groups = numberOf(target.node, 'group', 1);
  const filters = inputShape(target, 1);
  return { groups, inner: filters[0]! / groups, outer: filters[1]! };
}

/**
 * Any box of the OFM. A segment that is a part of one group has all its input channels and some filters; one of whole
 * groups has their input channels and all filters.
 */
export const transposedConvolution: Rule = (target) => {
  const { node, region } = target;
  const { inner, outer } = depthOf(target);
  const plane = planeOf(target);
  if (!plane) return undefined;
  const [batch, channels] = [region[0]!, region[1]!];
  const kernel = wholeRegion(inputShape(target, 1).slice(2));
  const parts = segmentsOf(channels, outer).map(({ range, first, groups }) => {
    const fed: Range = [first * inner, (first + groups) * inner];
    const whole = range[1] - range[0] === groups * outer;
    const filters: Range = whole ? [0, outer] : [range[0] - first * outer, range[1] - first * outer];
    return { range, fed, filters, groups };
  });
  const fed: Range = [parts[0]!.fed[0], parts.at(-1)!.fed[1]];
  const filters: Range = parts.length === 1 ? parts[0]!.filters : [0, outer];
  const inputs: Region[] = [
    [batch, fed, ...plane.ranges],
    [fed, filters, ...kernel],
  ];
  if (hasInput(node, 2)) inputs.push([channels]);
  return {
    inputs,
    emit(builder) {
      const made = parts.map(({ range, fed, filters, groups }, at) => {
        const name =
          parts.length === 1 ? node.outputs[0]! : freshOutput(builder, target, region.with(1, range));
        const names = [
          builder.take(node.inputs[0]!, [batch, fed, ...plane.ranges]),
          builder.take(node.inputs[1]!, [fed, filters, ...kernel]),
        ];
        if (hasInput(node, 2)) names.push(builder.take(node.inputs[2]!, [range]));
        const part = convolutionNode(node, names, name, groups, plane.attributes);
        builder.node(parts.length === 1 ? part : { ...part, name: `${node.name}/${at}` });
        return name;
      });
      if (made.length > 1) builder.node(concatenation(node, made));
    },
  };
};

const ints = (value: readonly number[]): Attribute => ({ type: 'ints', value });

function planeOf(target: Target): { ranges: readonly Range[]; attributes: Node['attributes'] } | undefined {
  const { node, region } = target;
  const spatial = inputShape(target, 0).slice(2);
  if (isWholePlane(region, outputShape(target)))
    return { ranges: wholeRegion(spatial), attributes: node.attributes };
  const window = transposedWindowOf(node, spatial, inputShape(target, 1).slice(2));
  const { padsBegin } = window;
  if (!padsBegin) return undefined;
  const cuts = region
    .slice(2)
    .map((range, axis) => reachOf(window, padsBegin[axis]!, spatial[axis]!, axis, range));
  const { auto_pad: _, output_shape: __, ...attributes } = node.attributes;
  return {
    ranges: cuts.map(({ rows }) => rows),
    attributes: {
      ...attributes,
      pads: ints([...cuts.map(({ begin }) => begin), ...cuts.map(({ end }) => Math.max(0, end))]),
      output_padding: ints(cuts.map(({ end }) => Math.max(0, -end))),
    },
  };
}

/**
 * The input rows that reach output rows [a, b), and what is then cut off. One more row is taken where a stride beyond
 * the kernel leaves a hole at the edge, so that nothing must be added in front.
 *
 *     input rows [low, high) make   low*s - p  ........................  (high-1)*s - p + reach
 *                                     <begin>  [ a ............. b )  <end>      end < 0: output padding
 */
function reachOf(
  { kernel, strides, dilations }: TransposedWindow,
  pad: number,
  extent: number,
  axis: number,
  [a, b]: Range,
): { rows: Range; begin: number; end: number } {
  const stride = strides[axis]!;
  const reach = (kernel[axis]! - 1) * dilations[axis]! + 1;
  const first = Math.min(Math.ceil((a + pad - reach + 1) / stride), Math.floor((a + pad) / stride));
  const last = Math.max(Math.floor((b - 1 + pad) / stride), Math.ceil((b + pad - reach) / stride));
  const low = Math.min(Math.max(0, first), extent - 1);
  const high = Math.max(low, Math.min(extent - 1, last)) + 1;
  return {
    rows: [low, high],
    begin: a - (low * stride - pad),
    end: (high - 1) * stride - pad + reach - b,
  };
}

/** As for a convolution, with the filters' first two axes changed about. */
export const reducedTransposedConvolution: Reduction = (target, channels) => {
  const { node, region } = target;
  const { groups: all, inner, outer } = depthOf(target);
  const kernel = wholeRegion(inputShape(target, 1).slice(2));
  const plane = wholeRegion(inputShape(target, 0).slice(2));
  return segmentsOf(channels, inner).map(({ range, first, groups }): PartialSum => {
    const whole = range[1] - range[0] === groups * inner;
    const made: Range = all === 1 ? region[1]! : [first * outer, (first + groups) * outer];
    const inputs: Region[] = [
      [region[0]!, range, ...plane],
      [range, all === 1 ? made : [0, outer], ...kernel],
    ];
    if (hasInput(node, 2) && (whole || range[0] === first * inner)) inputs.push([made]);
    const output = region.with(1, made);
    return {
      inputs,
      output: { region: output, join: whole ? 'place' : 'sum' },
      emit(builder) {
        const names = inputs.map((input, at) => builder.take(node.inputs[at]!, input));
        const name = freshOutput(builder, target, output);
        builder.node({ ...convolutionNode(node, names, name, groups), name });
        return name;
      },
    };
  });
};
