import type { Shape } from '../../../tensor/region.ts';
import type { TensorId } from '../program.ts';
import { layoutOf, type NodeView } from './rule.ts';
import type { Layout, Value } from './value.ts';

/** The layout in which most of the work is done already: that of an operand of full rank which is no constant. */
function commonLayout(values: readonly Value[], rank: number): Layout {
  const whole = values.filter(({ type, constant }) => type.shape.length === rank && !constant);
  return rank >= 3 && whole.some((value) => layoutOf(value) === 'last') ? 'last' : 'first';
}

/** The operands of an elementwise operator in one layout; smaller ones are laid out as broadcasting reads them. */
export function aligned(
  view: NodeView,
  values: readonly Value[],
): { readonly ids: TensorId[]; readonly layout: Layout } {
  const rank = view.outputs[0]!.shape.length;
  const layout = commonLayout(values, rank);
  const ids = values.map((value) => {
    const shape = broadcastFrom(value.type.shape, rank);
    const expanded = shape === value.type.shape ? value : view.emit.reshaped(value, { ...value.type, shape });
    return view.emit.get(expanded, layout);
  });
  return { ids, layout };
}

/** Shapes are aligned at their ends. */
function broadcastFrom(shape: Shape, rank: number): Shape {
  return shape.length === rank ? shape : [...new Array<number>(rank - shape.length).fill(1), ...shape];
}
