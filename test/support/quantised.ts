import type { Graph, Node } from '../../src/graph/graph.ts';
import type { DType } from '../../src/tensor/dtype.ts';
import { ARRAYS } from '../../src/tensor/dtype.ts';
import { type Shape, sizeOf } from '../../src/tensor/region.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { graphOf, nodeOf } from './graphs.ts';
import { numbers } from './operators.ts';

export type Quantised = 'uint8' | 'int8';

/** A scale of 2^-k: sums of products are then exact in float32, so that integer and float kernels agree in every bit. */
export const power = (k: number) => 2 ** -k;

/** Writes the nodes and constants of a quantised model. */
export class QuantisedBuilder {
  readonly nodes: Node[] = [];
  readonly constants: Record<string, Tensor> = {};
  #serial = 0;

  constant(tensor: Tensor): string {
    const name = `c${this.#serial++}`;
    this.constants[name] = tensor;
    return name;
  }

  scalar(value: number): string {
    return this.constant(Tensor.float32([], [value]));
  }

  zero(dtype: Quantised, value: number): string {
    return this.constant(integers(dtype, [], () => value));
  }

  node(op: string, inputs: readonly string[], attributes: Parameters<typeof nodeOf>[3] = {}): string {
    const output = `t${this.#serial++}`;
    this.nodes.push(nodeOf(op, inputs, [output], attributes));
    return output;
  }

  /** A node of the operators that onnxruntime knows beyond the standard. */
  microsoft(op: string, inputs: readonly string[], attributes: Parameters<typeof nodeOf>[3] = {}): string {
    const name = this.node(op, inputs, attributes);
    this.nodes.push({ ...this.nodes.pop()!, domain: 'com.microsoft' });
    return name;
  }

  quantize(x: string, dtype: Quantised, scale: number): string {
    return this.node('QuantizeLinear', [x, this.scalar(scale), this.zero(dtype, middle(dtype))]);
  }

  dequantize(x: string, dtype: Quantised, scale: number): string {
    return this.node('DequantizeLinear', [x, this.scalar(scale), this.zero(dtype, middle(dtype))]);
  }

  /** Rounds a feature map to the steps of a type. */
  rounded(x: string, dtype: Quantised, scale: number): string {
    return this.dequantize(this.quantize(x, dtype, scale), dtype, scale);
  }

  /** Filters behind a DequantizeLinear with one scale, or one per element of `axis`. */
  filters(dtype: Quantised, shape: Shape, scales: readonly number[], axis: number): string {
    const seeded = numbers(shape, sizeOf(shape)).data;
    const stored = integers(dtype, shape, (at) => seeded[at]! * 15 + (dtype === 'uint8' ? 128 : 0));
    const one = scales.length === 1;
    const scale = this.constant(Tensor.float32(one ? [] : [scales.length], scales));
    const zero = this.constant(
      integers(dtype, one ? [] : [scales.length], () => (dtype === 'uint8' ? 128 : 0)),
    );
    return this.node('DequantizeLinear', [this.constant(stored), scale, zero], one ? {} : { axis });
  }

  /** A bias of int32 in steps of input scale x filter scale. */
  bias(size: number, scales: readonly number[]): string {
    const stored = Tensor.of(
      'int32',
      [size],
      Int32Array.from({ length: size }, (_, at) => at * 37 - 60),
    );
    const scale = Tensor.float32(scales.length === 1 ? [] : [scales.length], scales);
    return this.node(
      'DequantizeLinear',
      [this.constant(stored), this.constant(scale)],
      scales.length === 1 ? {} : { axis: 0 },
    );
  }

  graph(input: Shape, output: string, opset = 13): Graph {
    const options = { opset, constants: this.constants, outputs: [output] };
    const graph = graphOf({ x: input }, this.nodes, options);
    return { ...graph, opsets: { ...graph.opsets, 'com.microsoft': 1 } };
  }
}

/**
 * A zero point. It is even: onnxruntime's integer kernels round half to even after they have added it, and QuantizeLinear
 * before, so that with an odd one what lies in the middle between two steps goes to the other.
 */
export function middle(dtype: Quantised): number {
  return dtype === 'uint8' ? 120 : -4;
}

export function integers<D extends DType>(dtype: D, shape: Shape, value: (at: number) => number): Tensor<D> {
  const data = new ARRAYS[dtype](sizeOf(shape)) as Uint8Array;
  for (let at = 0; at < data.length; at += 1) data[at] = value(at);
  return Tensor.of(dtype, shape, data as never);
}
