import { numbersOf } from '../../graph/attributes.ts';
import { windowOf } from '../../graph/window.ts';
import { wholeRegion } from '../../tensor/region.ts';
import { haloOf, isWholePlane } from './halo.ts';
import { inputShape, outputShape, type Rule, samePart } from './rule.ts';

/** MaxPool, AveragePool and LpPool: channels are apart from one another; rows and columns need a halo. */
export const pooling: Rule = (target) => {
  const { node, region } = target;
  if (node.outputs.slice(1).some((name) => name !== '')) return undefined;
  const spatial = inputShape(target, 0).slice(2);
  const outer = region.slice(0, 2);
  if (isWholePlane(region, outputShape(target))) return samePart(node, [[...outer, ...wholeRegion(spatial)]]);
  const window = windowOf(node, spatial, numbersOf(node, 'kernel_shape') ?? []);
  const { ranges, padsBegin, padsEnd } = haloOf(window, spatial, region.slice(2));
  if (ranges.some(([start, end]) => start === end)) return undefined;
  // ceil_mode lets the last window hang over the declared padding; the overhang is no padding: it never counts in an
  // average, and may be wider than onnxruntime lets a pad be. It stays, because it is the same for the last windows alone.
  const declared = padsEnd.map((pad, axis) => Math.min(pad, window.padsEnd[axis]!));
  const overhangs = padsEnd.some((pad, axis) => pad > declared[axis]!);
  const { auto_pad: _, ceil_mode, ...attributes } = node.attributes;
  const pads = { type: 'ints', value: [...padsBegin, ...declared] } as const;
  const kept = overhangs && ceil_mode ? { ...attributes, ceil_mode } : attributes;
  return samePart(node, [[...outer, ...ranges]], { ...kept, pads });
};

/** One value per channel, from the whole plane. */
export const globalPooling: Rule = (target) => {
  const spatial = inputShape(target, 0).slice(2);
  return samePart(target.node, [[...target.region.slice(0, 2), ...wholeRegion(spatial)]]);
};
