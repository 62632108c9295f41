import { dtypeOf } from '../../graph/data-types.ts';
import type { Attribute } from '../../graph/graph.ts';
import type { DType } from '../../tensor/dtype.ts';
import { lazily } from '../../tensor/lazy.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** TensorProto.DataType of bfloat16. */
export const BFLOAT16 = 16;
const FLOAT32 = 1;

/** Attributes that name an element type. */
const TYPE_ATTRIBUTES: ReadonlySet<string> = new Set([
  ...['to', 'dtype', 'output_dtype', 'stash_type', 'softmax_precision'],
]);

/**
 * The element type that a number of the file stands for. bfloat16 becomes float32, which holds every bfloat16 exactly:
 * onnxruntime has no arithmetic in bfloat16 on a CPU. Undefined for the types that Isobath does not hold.
 */
export function elementTypeOf(number: number): DType | undefined {
  return number === BFLOAT16 ? 'float32' : dtypeOf(number);
}

/** `bits` are the upper halves of float32 numbers. */
export function widenBfloat16(bits: Tensor<'uint16'>): Tensor<'float32'> {
  return lazily('float32', bits.shape, () => {
    const wide = Uint32Array.from(bits.data, (upper) => upper * 0x10000);
    return new Float32Array(wide.buffer);
  });
}

export function namesBfloat16(name: string, value: number): boolean {
  return value === BFLOAT16 && TYPE_ATTRIBUTES.has(name);
}

/** An attribute that names bfloat16 names float32 instead. */
export function widenedAttribute(name: string, attribute: Attribute): Attribute {
  return attribute.type === 'int' && namesBfloat16(name, attribute.value)
    ? { type: 'int', value: FLOAT32 }
    : attribute;
}
