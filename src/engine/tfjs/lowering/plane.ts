import type { TensorId } from '../program.ts';
import type { NodeView } from './rule.ts';
import { Unsupported } from './unsupported.ts';
import { lastShape, type Value } from './value.ts';

/** A feature map and filters for kernels of two or three spatial axes: a line is a plane of height 1. */
export function plane(
  { emit }: NodeView,
  ifm: Value,
  filters: Value,
): { x: TensorId; filters: Value; spatial: 2 | 3; channels: number } {
  const { shape } = ifm.type;
  const [batch, channels, ...spatial] = shape as [number, number, ...number[]];
  if (spatial.length === 1) {
    const x = emit.reshape(emit.last(ifm), [batch, 1, spatial[0]!, channels]);
    const [out, perGroup, width] = filters.type.shape as [number, number, number];
    const wide = emit.reshaped(filters, { dtype: 'float32', shape: [out, perGroup, 1, width] });
    return { x, filters: wide, spatial: 2, channels };
  }
  if (spatial.length > 3) throw new Unsupported(`it has ${spatial.length} spatial axes`);
  return { x: emit.last(ifm), filters, spatial: spatial.length as 2 | 3, channels };
}

/** The kernel's output with the channels last, where the node's own is a line. */
export function unplaned({ emit, outputs }: NodeView, id: TensorId): TensorId {
  const { shape } = outputs[0]!;
  return shape.length === 3 ? emit.reshape(id, lastShape(shape)) : id;
}
