import { numberOf } from '../../graph/attributes.ts';
import { opsetOf } from '../../graph/operators/index.ts';
import { type Region, wholeRegion } from '../../tensor/region.ts';
import { isWholePlane } from './halo.ts';
import { hasInput, inputShape, outputShape, type Rule, samePart } from './rule.ts';

/** Scale, bias, mean and variance are vectors along axis 1. */
export const batchNormalization: Rule = ({ node, region }) => {
  const training =
    numberOf(node, 'training_mode', 0) === 1 || node.outputs.slice(1).some((name) => name !== '');
  const channels = region[1];
  if (training || !channels || numberOf(node, 'spatial', 1) !== 1) return undefined;
  return samePart(node, [region, [channels], [channels], [channels], [channels]]);
};

/** Each channel is normalised by its own plane, which must be whole. */
export const instanceNormalization: Rule = (target) => {
  const { node, region } = target;
  const channels = region[1];
  if (!channels || !isWholePlane(region, outputShape(target))) return undefined;
  return samePart(node, [region, [channels], [channels]]);
};

/**
 * Each group of channels is normalised by all of its elements, so groups and planes must be whole. Scale and bias are
 * per group before operator set 21, per channel since.
 */
export const groupNormalization: Rule = (target) => {
  const { graph, node, region } = target;
  const shape = outputShape(target);
  const each = shape[1]! / numberOf(node, 'num_groups', 1);
  const groups = region[1]!.map((channel) => channel / each);
  const [from, to] = groups as [number, number];
  if (!isWholePlane(region, shape) || !groups.every(Number.isInteger)) return undefined;
  const parameter: Region = opsetOf(graph) < 21 ? [[from, to]] : [region[1]!];
  const attributes = { ...node.attributes, num_groups: { type: 'int', value: to - from } as const };
  return samePart(node, [region, parameter, parameter], attributes);
};

/** LayerNormalization and RMSNormalization: over the axes from `axis` on, which must be whole. */
export const layerNormalization: Rule = (target) => {
  const { node, region } = target;
  if (node.outputs.slice(1).some((name) => name !== '')) return undefined;
  const shape = inputShape(target, 0);
  const given = numberOf(node, 'axis', -1);
  const axis = given < 0 ? given + shape.length : given;
  const whole = region.every(([start, end], at) => at < axis || (start === 0 && end === shape[at]));
  const plain = [1, 2].every(
    (at) => !hasInput(node, at) || inputShape(target, at).length <= shape.length - axis,
  );
  if (!whole || !plain) return undefined;
  const parameters = [1, 2].map((at) =>
    hasInput(node, at) ? wholeRegion(inputShape(target, at)) : undefined,
  );
  return samePart(node, [region, ...parameters]);
};

/** Sums squares over neighbouring channels, so all channels must be there; rows and columns are free. */
export const lrn: Rule = (target) => {
  const [start, end] = target.region[1]!;
  return start === 0 && end === inputShape(target, 0)[1] ? samePart(target.node, [target.region]) : undefined;
};
