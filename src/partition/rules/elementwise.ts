import { numberOf } from '../../graph/attributes.ts';
import { broadcastRegion, hasInput, inputShape, type Rule, samePart } from './rule.ts';

/** Each output element depends on the elements in the same place: Relu, Clip, Add, ... */
export const elementwise: Rule = (target) => {
  const { node, region } = target;
  if (node.outputs.slice(1).some((name) => name !== '')) return undefined;
  const inputs = node.inputs.map((_, at) =>
    hasInput(node, at) ? broadcastRegion(inputShape(target, at), region) : undefined,
  );
  return samePart(node, inputs);
};

/** Normalises along `axis` (to the end of the shape before opset 13), so those axes must be whole. */
export const softmax: Rule = (target) => {
  const { graph, node, region } = target;
  const shape = inputShape(target, 0);
  const modern = (graph.opsets[''] ?? 1) >= 13;
  const given = numberOf(node, 'axis', modern ? -1 : 1);
  const axis = given < 0 ? given + shape.length : given;
  const whole = region.every(
    ([start, end], at) => (modern ? at !== axis : at < axis) || (start === 0 && end === shape[at]),
  );
  return whole ? samePart(node, [region]) : undefined;
};
