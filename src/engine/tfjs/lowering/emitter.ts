import { transposed } from '../../../graph/folding/movement.ts';
import { ARRAYS } from '../../../tensor/dtype.ts';
import { type Shape, sizeOf } from '../../../tensor/region.ts';
import { Tensor, type TensorType } from '../../../tensor/tensor.ts';
import type { DeviceConstant, DeviceInput, DeviceType, Step, TensorId } from '../program.ts';
import { deviceType, isFlat, type Layout, lastShape, toFirst, toLast, type Value } from './value.ts';

type Inputs = Step['inputs'];

/** Writes the steps of a device program, and keeps values in the layouts that they were asked for in. */
export class Emitter {
  readonly steps: Omit<Step, 'free'>[] = [];
  readonly constants: DeviceConstant[] = [];
  readonly inputs: DeviceInput[] = [];
  #next = 0;

  emit(kernel: string, inputs: Inputs, attrs: Readonly<Record<string, unknown>> = {}): TensorId {
    const output = this.#next++;
    this.steps.push({ kernel, inputs, attrs, output });
    return output;
  }

  /** `elements` may be computed late: a check of what is supported reads no filters. */
  constant(dtype: DeviceType, shape: Shape, elements: DeviceConstant['elements']): TensorId {
    const id = this.#next++;
    this.constants.push({ id, dtype, shape, elements });
    return id;
  }

  floats(shape: Shape, elements: () => ArrayLike<number>): TensorId {
    return this.constant('float32', shape, () => Float32Array.from(elements()));
  }

  scalar(value: number, dtype: DeviceType = 'float32'): TensorId {
    return this.constant(dtype, [], () => arrayOf(dtype, [value]));
  }

  indices(values: readonly number[]): TensorId {
    return this.constant('int32', [values.length], () => Int32Array.from(values));
  }

  /** A constant tensor of the graph as it is. */
  tensor(tensor: Tensor): TensorId {
    const dtype = deviceType(tensor.dtype);
    return this.constant(dtype, tensor.shape, () => arrayOf(dtype, tensor.data as ArrayLike<number>));
  }

  get(value: Value, layout: Layout): TensorId {
    return layout === 'first' ? this.first(value) : this.last(value);
  }

  first(value: Value): TensorId {
    const { forms, type } = value;
    if (forms.first !== undefined) return forms.first;
    if (forms.last !== undefined) {
      const { shape } = type;
      forms.first = isFlat(shape)
        ? this.reshape(forms.last, shape)
        : this.emit('Transpose', { x: forms.last }, { perm: toFirst(shape.length) });
    } else if (value.constant) {
      forms.first = this.tensor(value.constant);
    } else {
      forms.first = this.#next++;
      this.inputs.push({ id: forms.first, index: value.input!, dtype: deviceType(type.dtype) });
    }
    return forms.first;
  }

  last(value: Value): TensorId {
    const { forms, type, constant } = value;
    if (forms.last !== undefined) return forms.last;
    const { shape } = type;
    if (constant) {
      forms.last = this.tensor(transposed(constant, toLast(shape.length)));
    } else {
      const first = this.first(value);
      forms.last = isFlat(shape)
        ? this.reshape(first, lastShape(shape))
        : this.emit('Transpose', { x: first }, { perm: toLast(shape.length) });
    }
    return forms.last;
  }

  reshape(x: TensorId, shape: Shape): TensorId {
    return this.emit('Reshape', { x }, { shape: [...shape] });
  }

  /** The same elements under another shape, in the first layout; nothing is moved. */
  reshaped(value: Value, type: TensorType): Value {
    const { constant, input } = value;
    if (constant) return { type, constant: constant.reshaped(type.shape), forms: {} };
    const untouched = value.forms.first === undefined && value.forms.last === undefined;
    if (input !== undefined && untouched && !isComputable(type)) return { type, input, forms: {} };
    return {
      type,
      ...(input === undefined ? {} : { input }),
      forms: { first: this.reshape(this.first(value), type.shape) },
    };
  }
}

function isComputable(type: TensorType): boolean {
  try {
    deviceType(type.dtype);
    return true;
  } catch {
    return false;
  }
}

function arrayOf(dtype: DeviceType, values: ArrayLike<number>): Float32Array | Int32Array | Uint8Array {
  const array = dtype === 'bool' ? ARRAYS.bool : ARRAYS[dtype];
  return array.from(values);
}

/** A tensor without elements: no kernel need see it. */
export function emptyValue(type: TensorType): Value | undefined {
  if (sizeOf(type.shape) > 0) return undefined;
  return { type, constant: Tensor.zeros(type.dtype, type.shape), forms: {} };
}
