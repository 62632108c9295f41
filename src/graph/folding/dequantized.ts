import { lazily } from '../../tensor/lazy.ts';
import { type Shape, sizeOf } from '../../tensor/region.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { axisOf, numberOf } from '../attributes.ts';
import type { Node } from '../graph.ts';
import { isFloat, isWide } from './elements.ts';

/**
 * What a DequantizeLinear makes of constants, in float32: (x - zero point) * scale. Computed when it is read. Undefined
 * where an input is no constant (`constant` gives the value of each input), or of a type that is not computed with.
 */
export function dequantizedConstant(
  node: Node,
  constant: (input: number) => Tensor | undefined,
): Tensor<'float32'> | undefined {
  const [source, scale, zeroPoint] = [0, 1, 2].map(constant);
  if (!source || !scale || ((node.inputs[2] ?? '') !== '' && !zeroPoint)) return undefined;
  if (scale.dtype !== 'float32' || isWide(source.dtype) || isFloat(source.dtype)) return undefined;
  const at = scalePlaces(node, source.shape, scale.shape);
  if (!at) return undefined;
  return lazily('float32', source.shape, () => {
    const [x, s, z] = [source.data, scale.data, zeroPoint?.data];
    const target = new Float32Array(source.size);
    for (let i = 0; i < target.length; i += 1) {
      const place = at(i);
      const zero = z ? Number(z[z.length > 1 ? place : 0]) : 0;
      // in float32, as the operator is: the difference is a whole number, exact but for int32
      target[i] = Math.fround((x[i] as number) - zero) * (s[place] as number);
    }
    return target;
  });
}

/**
 * Which scale belongs to an element: one for all, one per element of an axis, or one per block along an axis. Undefined
 * for scales of another shape.
 */
export function scalePlaces(
  node: Node,
  shape: Shape,
  scale: Shape,
): ((element: number) => number) | undefined {
  const axis = axisOf(numberOf(node, 'axis', 1), shape.length);
  const block = numberOf(node, 'block_size', 0);
  const [extent, inner] = [shape[axis] ?? 0, sizeOf(shape.slice(axis + 1))];
  if (block > 0) {
    const blocks = Math.ceil(extent / block);
    const fits = scale.length === shape.length && scale[axis] === blocks;
    if (!fits || sizeOf(scale) !== (sizeOf(shape) / extent) * blocks) return undefined;
    return (i) => {
      const outer = Math.floor(i / (inner * extent));
      const along = Math.floor((Math.floor(i / inner) % extent) / block);
      return (outer * blocks + along) * inner + (i % inner);
    };
  }
  if (sizeOf(scale) === 1) return () => 0;
  if (scale.length !== 1 || scale[0] !== extent) return undefined;
  return (i) => Math.floor(i / inner) % extent;
}
