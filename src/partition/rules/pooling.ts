import { numberOf, numbersOf } from '../../graph/attributes.ts';
import { windowOf } from '../../graph/window.ts';
import { wholeRegion } from '../../tensor/region.ts';
import { haloOf, isWholePlane } from './halo.ts';
import { inputShape, outputShape, type Rule, samePart } from './rule.ts';

/** MaxPool and AveragePool: channels are apart from one another; rows and columns need a halo. */
export const pooling: Rule = (target) => {
  const { node, region } = target;
  if (node.outputs.slice(1).some((name) => name !== '')) return undefined;
  const spatial = inputShape(target, 0).slice(2);
  const outer = region.slice(0, 2);
  if (isWholePlane(region, outputShape(target))) return samePart(node, [[...outer, ...wholeRegion(spatial)]]);
  const window = windowOf(node, spatial, numbersOf(node, 'kernel_shape') ?? []);
  const { ranges, padsBegin, padsEnd } = haloOf(window, spatial, region.slice(2));
  // ceil_mode lets the last window hang over the declared padding; the overhang never counts in an average
  const overhangs = padsEnd.some((pad, axis) => pad > window.padsEnd[axis]!);
  const countsPads = node.op === 'AveragePool' && numberOf(node, 'count_include_pad', 0) === 1;
  if ((overhangs && countsPads) || ranges.some(([start, end]) => start === end)) return undefined;
  const { auto_pad: _, ceil_mode: __, ...attributes } = node.attributes;
  const pads = { type: 'ints', value: [...padsBegin, ...padsEnd] } as const;
  return samePart(node, [[...outer, ...ranges]], { ...attributes, pads });
};

/** One value per channel, from the whole plane. */
export const globalPooling: Rule = (target) => {
  const spatial = inputShape(target, 0).slice(2);
  return samePart(target.node, [[...target.region.slice(0, 2), ...wholeRegion(spatial)]]);
};
