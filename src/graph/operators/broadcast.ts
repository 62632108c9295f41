import type { Shape } from '../../tensor/region.ts';
import { type OperatorContext, shapeError, shapeText } from './spec.ts';

/** Multidirectional broadcasting: shapes are aligned at their ends, and an extent of 1 repeats. */
export function broadcastShape(context: OperatorContext, shapes: readonly Shape[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    let extent = 1;
    for (const shape of shapes) {
      const own = shape[axis - rank + shape.length] ?? 1;
      if (own === 1 || own === extent) continue;
      if (extent !== 1) throw misfit(context, shapes);
      extent = own;
    }
    return extent;
  });
}

function misfit(context: OperatorContext, shapes: readonly Shape[]): Error {
  return shapeError(context.node, `${shapes.map(shapeText).join(' and ')} do not broadcast`);
}
