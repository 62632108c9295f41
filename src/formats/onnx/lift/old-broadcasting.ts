import { numberOf } from '../../../graph/attributes.ts';
import type { Node } from '../../../graph/graph.ts';
import { type NodeView, type Rewriting, without } from './rewriting.ts';

/**
 * Before operator set 7 the second input was laid over the first from `axis` on, by default at the end, where `broadcast`
 * said so. Axes of 1 behind it bring it to the same place as newer operator sets align it, at the end:
 *
 *     first   [N, C, H, W]
 *     second     [C]          axis = 1
 *     becomes    [C, 1, 1]
 */
export const oldBroadcasting: Rewriting = (view) => {
  const { node } = view;
  const plain = without(node, 'broadcast', 'axis');
  if (numberOf(node, 'broadcast', 0) === 0 || !node.attributes['axis']) return [plain];
  const [first, second] = [view.type(0)?.shape.length, view.type(1)?.shape.length];
  if (first === undefined || second === undefined)
    throw view.refuse('its axis counts in a shape that only a run tells');
  const axis = numberOf(node, 'axis', 0);
  const behind = first - (axis < 0 ? axis + first : axis) - second;
  if (!Number.isInteger(behind) || behind < 0)
    throw view.refuse(`axis ${axis} leaves no room for its second input`);
  return withTrailingOnes(view, plain, second, behind);
};

/** Before operator set 7 a slope of one dimension had an element per channel. */
export const oldSlope: Rewriting = (view) => {
  const [input, slope] = [view.type(0)?.shape, view.type(1)?.shape];
  if (!input || !slope) throw view.refuse('its slope counts in a shape that only a run tells');
  const perChannel = slope.length === 1 && slope[0] !== 1;
  return perChannel ? withTrailingOnes(view, view.node, 1, Math.max(0, input.length - 2)) : [view.node];
};

/** The node with axes of 1 behind the `rank` axes of its second input. */
function withTrailingOnes(view: NodeView, node: Node, rank: number, count: number): readonly Node[] {
  if (count === 0) return [node];
  const [first = '', second = ''] = node.inputs;
  const output = view.fresh(`${second}/aligned`);
  const value = Array.from({ length: count }, (_, at) => rank + at);
  const unsqueeze: Node = {
    name: `${node.name}/align`,
    op: 'Unsqueeze',
    domain: '',
    inputs: [second],
    outputs: [output],
    attributes: { axes: { type: 'ints', value } },
  };
  return [unsqueeze, { ...node, inputs: [first, output] }];
}
