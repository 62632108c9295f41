import type { Attribute, Graph, Node } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import type { Shape } from '../../src/tensor/region.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { graphOf, ints, nodeOf } from './graphs.ts';
import { numbers } from './operators.ts';

type Attributes = NonNullable<Parameters<typeof nodeOf>[3]>;

const TO_FIRST = [0, 3, 1, 2];
const TO_LAST = [0, 2, 3, 1];

/** Builds a graph as converters of TensorFlow write it: feature maps are NHWC, with a Transpose on both sides of what is not. */
export class ChannelsLastBuilder {
  readonly #nodes: Node[] = [];
  readonly #inputs: Record<string, Shape> = {};
  readonly #constants: Record<string, Tensor> = {};
  readonly #opset: number;

  constructor(opset = 13) {
    this.#opset = opset;
  }

  input(name: string, shape: Shape): string {
    this.#inputs[name] = shape;
    return name;
  }

  constant(tensor: Tensor): string {
    const name = `c${Object.keys(this.#constants).length}`;
    this.#constants[name] = tensor;
    return name;
  }

  numbers(...shape: number[]): string {
    return this.constant(numbers(shape, Object.keys(this.#constants).length));
  }

  ints(...values: number[]): string {
    return this.constant(ints(...values));
  }

  add(
    op: string,
    inputs: readonly string[],
    attributes: Attributes = {},
    more: Record<string, Attribute> = {},
  ): string {
    return this.split(op, inputs, 1, attributes, more)[0]!;
  }

  split(
    op: string,
    inputs: readonly string[],
    outputs: number,
    attributes: Attributes = {},
    more: Record<string, Attribute> = {},
  ): string[] {
    const at = this.#nodes.length;
    const names = Array.from({ length: outputs }, (_, output) => `t${at}_${output}`);
    const node = nodeOf(op, inputs, names, attributes);
    this.#nodes.push({ ...node, attributes: { ...node.attributes, ...more } });
    return names;
  }

  transpose(x: string, perm: readonly number[]): string {
    return this.add('Transpose', [x], { perm });
  }

  /** An operator that wants NCHW, between its two Transposes. */
  first(op: string, x: string, parameters: readonly string[], attributes: Attributes = {}): string {
    const y = this.add(op, [this.transpose(x, TO_FIRST), ...parameters], attributes);
    return this.transpose(y, TO_LAST);
  }

  conv(x: string, channels: number, attributes: Attributes = { pads: [1, 1, 1, 1] }, kernel = 3): string {
    const depth = this.shapeOf(x)[3]!;
    return this.first('Conv', x, [this.numbers(channels, depth, kernel, kernel)], attributes);
  }

  shapeOf(x: string): Shape {
    return inferTypes(this.graph([x])).types.get(x)!.shape;
  }

  graph(outputs: readonly string[]): Graph {
    const options = { opset: this.#opset, constants: this.#constants, outputs: [...outputs] };
    return graphOf(this.#inputs, this.#nodes, options);
  }
}
