import fc from 'fast-check';
import type { Graph } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { type Shape, sizeOf } from '../../src/tensor/region.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { graphOf, nodeOf } from './graphs.ts';

/** A graph of one operator with small integers in its filters and inputs. */
export interface OperatorCase {
  readonly graph: Graph;
  readonly inputs: ReadonlyMap<string, Tensor>;
}

type Attributes = NonNullable<Parameters<typeof nodeOf>[3]>;

/** Integers from -4 to 4 in an order that no shift or transposition repeats. */
export function numbers(shape: Shape, seed = 1): Tensor<'float32'> {
  let state = seed + sizeOf(shape);
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return ((state >>> 16) % 9) - 4;
  };
  return Tensor.float32(shape, Float32Array.from({ length: sizeOf(shape) }, next));
}

/** Undefined where the shapes and attributes do not fit together. */
export function operatorCase(
  op: string,
  live: readonly Shape[],
  attributes: Attributes = {},
  constants: readonly Tensor[] = [],
  opset = 13,
): OperatorCase | undefined {
  const names = live.map((_, at) => `x${at}`);
  const shapes = Object.fromEntries(live.map((shape, at) => [`x${at}`, shape]));
  const fixed = Object.fromEntries(constants.map((tensor, at) => [`c${at}`, tensor]));
  const node = nodeOf(op, [...names, ...Object.keys(fixed)], ['y'], attributes);
  try {
    const graph = inferTypes(graphOf(shapes, [node], { opset, constants: fixed }));
    const inputs = new Map(names.map((name, at) => [name, numbers(live[at]!, at + 3)]));
    return graph.types.has('y') ? { graph, inputs } : undefined;
  } catch {
    return undefined;
  }
}

export const int = (min: number, max: number) => fc.integer({ min, max });
export const pair = (min: number, max: number) => fc.tuple(int(min, max), int(min, max));

/** The window of a convolution or pooling over two axes; pads are smaller than the kernel, as ONNX wants for pooling. */
export const windows = fc
  .record({
    kernel_shape: pair(1, 4),
    strides: pair(1, 3),
    dilations: pair(1, 2),
    begin: pair(0, 3),
    end: pair(0, 3),
    auto_pad: fc.constantFrom('NOTSET', 'NOTSET', 'NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'),
  })
  .map(({ begin, end, auto_pad, ...rest }) => {
    const pads = [...begin, ...end].map((pad, at) => Math.min(pad, rest.kernel_shape[at % 2]! - 1));
    if (auto_pad === 'NOTSET') return { ...rest, pads };
    // onnxruntime pools no window that is smaller than its stride with SAME
    const strides = rest.strides.map((stride, axis) => Math.min(stride, rest.kernel_shape[axis]!));
    return { ...rest, strides, auto_pad };
  });

export const planes = fc.tuple(int(1, 2), int(1, 6), int(3, 9), int(3, 9));
