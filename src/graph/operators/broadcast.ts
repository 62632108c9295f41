import type { Shape } from '../../tensor/region.ts';
import { numberOf } from '../attributes.ts';
import { checkedAxis, type OperatorContext, shapeError, shapeText } from './spec.ts';

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

/**
 * Before operator set 7 the second input was laid over the first only where `broadcast` said so, from `axis` on (by
 * default at the end), and the output had the shape of the first.
 */
export function oldBroadcastShape(context: OperatorContext, first: Shape, second: Shape): Shape {
  if (numberOf(context.node, 'broadcast', 0) === 0) {
    const same = first.length === second.length && first.every((extent, axis) => extent === second[axis]);
    if (!same) throw misfit(context, [first, second]);
    return first;
  }
  const start = checkedAxis(
    context,
    numberOf(context.node, 'axis', Math.max(0, first.length - second.length)),
    first.length,
    'closed',
  );
  const fits = second.every((extent, axis) => extent === 1 || extent === first[start + axis]);
  if (!fits) throw misfit(context, [first, second]);
  return first;
}

function misfit(context: OperatorContext, shapes: readonly Shape[]): Error {
  return shapeError(context.node, `${shapes.map(shapeText).join(' and ')} do not broadcast`);
}
