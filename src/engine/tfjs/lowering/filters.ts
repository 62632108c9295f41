import { sizeOf } from '../../../tensor/region.ts';
import { Tensor } from '../../../tensor/tensor.ts';
import type { Value } from './value.ts';

/** Constant filters with zeros in the holes of a dilation, so that one without holes computes the same. */
export function withHoles({ type, constant }: Value, dilations: readonly number[]): Value {
  const kernel = type.shape.slice(2);
  const wide = kernel.map((extent, axis) => (extent - 1) * dilations[axis]! + 1);
  const shape = [...type.shape.slice(0, 2), ...wide];
  const fill = () => {
    const source = constant!.data as Float32Array;
    const target = new Float32Array(sizeOf(shape));
    const [each, wideEach] = [sizeOf(kernel), sizeOf(wide)];
    for (let at = 0; at < source.length; at += 1) {
      let rest = at % each;
      let place = 0;
      let stride = 1;
      for (let axis = kernel.length - 1; axis >= 0; axis -= 1) {
        place += (rest % kernel[axis]!) * dilations[axis]! * stride;
        rest = Math.floor(rest / kernel[axis]!);
        stride *= wide[axis]!;
      }
      target[Math.floor(at / each) * wideEach + place] = source[at]!;
    }
    return target;
  };
  return { type: { ...type, shape }, constant: Tensor.deferred('float32', shape, fill), forms: {} };
}
