import { lazily } from '../../tensor/lazy.ts';
import { sizeOf } from '../../tensor/region.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { isFloat, isWide } from './elements.ts';

/** (x - zero point) * scale, computed when it is read; scale and zero point are one, or one per element of `axis`. */
export function dequantized(
  source: Tensor,
  scale: Tensor,
  zeroPoint: Tensor | undefined,
  axis: number,
): Tensor | undefined {
  const { shape } = source;
  const plain = scale.dtype === 'float32' && !isWide(source.dtype) && !isFloat(source.dtype);
  if (!plain || (scale.size > 1 && scale.shape.length !== 1)) return undefined;
  return lazily('float32', shape, () => {
    const inner = sizeOf(shape.slice(axis + 1));
    const [x, s, z] = [source.data, scale.data, zeroPoint?.data];
    const target = new Float32Array(source.size);
    for (let i = 0; i < target.length; i += 1) {
      const at = scale.size > 1 ? Math.floor(i / inner) % shape[axis]! : 0;
      const zero = z ? Number(z[z.length > 1 ? at : 0]) : 0;
      // in float32, as the operator is: the difference is a whole number, exact but for int32
      target[i] = Math.fround((x[i] as number) - zero) * (s[at] as number);
    }
    return target;
  });
}
