import { numberOf } from '../../../attributes.ts';
import type { LayoutRule } from './rule.ts';

/** A dense layer after Flatten: its filters take the order of the columns, so that nothing is moved in service. */
export const dense: LayoutRule = (node, sweep) => {
  const [input = '', filters = '', ...rest] = node.inputs;
  const held = sweep.moved(input);
  const tensor = sweep.constant(filters);
  if (!held?.flat || !tensor || tensor.shape.length !== 2 || numberOf(node, 'transA', 0) !== 0) return false;
  const columns = node.op === 'Gemm' && numberOf(node, 'transB', 0) !== 0 ? 1 : 0;
  const moved = sweep.constants.regrouped(filters, tensor, columns, held);
  sweep.nodes.push({
    ...node,
    inputs: [held.tensor, moved, ...rest.map((name) => (name === '' ? '' : sweep.restore(name)))],
  });
  return true;
};
