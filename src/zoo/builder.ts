import type { Attribute, Graph, Node } from '../graph/graph.ts';
import { windowOf, windowOutput } from '../graph/window.ts';
import { type Shape, sizeOf } from '../tensor/region.ts';
import { Tensor, type TensorType } from '../tensor/tensor.ts';
import { SeededFilters } from './seeded-filters.ts';

/** One number for both axes, or [height, width]. */
export type Pair = number | readonly [height: number, width: number];

export interface ConvOptions {
  readonly channels: number;
  readonly kernel: Pair;
  readonly stride?: number;
  /** Zeros on both sides of each axis. */
  readonly pad?: Pair;
  readonly groups?: number;
  readonly bias?: boolean;
  /** Variance of the filters times the fan-in: 2 where a rectifier made the IFM, 1 where nothing did. */
  readonly gain?: number;
}

export interface PoolOptions {
  readonly kernel: Pair;
  readonly stride?: number;
  readonly pad?: Pair;
  readonly ceil?: boolean;
}

export interface BatchNormOptions {
  readonly scale?: number;
  readonly epsilon?: number;
}

/**
 * Builds a graph of opset 13 operator by operator, with seeded filters. Every method adds one node and returns the
 * name of the tensor that it writes, which is the node's name too; its constants are `<node>/filters`, `<node>/bias`
 * and so on. Shapes are computed on the way, so every tensor has its type.
 */
export class GraphBuilder {
  readonly #name: string;
  readonly #filters: SeededFilters;
  readonly #inputs: string[] = [];
  readonly #nodes: Node[] = [];
  readonly #initializers = new Map<string, Tensor>();
  readonly #types = new Map<string, TensorType>();

  constructor(name: string, seed: number) {
    this.#name = name;
    this.#filters = new SeededFilters(seed);
  }

  input(name: string, shape: Shape): string {
    this.#inputs.push(name);
    return this.#declare(name, shape);
  }

  shapeOf(tensor: string): Shape {
    const type = this.#types.get(tensor);
    if (!type) throw new Error(`There is no tensor ${tensor} in ${this.#name}`);
    return type.shape;
  }

  /** [N, C, H, W] -> [N, channels, H', W']; filters [channels, C / groups, kH, kW]. */
  conv(name: string, x: string, options: ConvOptions): string {
    const { channels, kernel, stride = 1, pad = 0, groups = 1, bias = true, gain = 2 } = options;
    const depth = this.shapeOf(x)[1]! / groups;
    const shape = [channels, depth, ...both(kernel)];
    const fanIn = sizeOf(shape) / channels;
    const inputs = [
      x,
      this.#constant(this.#filters.filters(`${name}/filters`, shape, fanIn, gain), name, 'filters'),
    ];
    if (bias) inputs.push(this.#constant(this.#filters.small(`${name}/bias`, channels), name, 'bias'));
    const attributes = { ...windowAttributes(kernel, stride, pad), group: int(groups) };
    return this.#windowed(name, 'Conv', inputs, attributes, kernel, channels);
  }

  batchNorm(name: string, x: string, options: BatchNormOptions = {}): string {
    const { scale = 1, epsilon = 1e-5 } = options;
    const shape = this.shapeOf(x);
    const channels = shape[1]!;
    const inputs = [
      x,
      this.#constant(Tensor.float32([channels], new Float32Array(channels).fill(scale)), name, 'scale'),
      this.#constant(this.#filters.small(`${name}/bias`, channels), name, 'bias'),
      this.#constant(this.#filters.small(`${name}/mean`, channels), name, 'mean'),
      this.#constant(this.#filters.variance(`${name}/variance`, channels), name, 'variance'),
    ];
    return this.#node(name, 'BatchNormalization', inputs, shape, {
      epsilon: { type: 'float', value: epsilon },
    });
  }

  relu(name: string, x: string): string {
    return this.#node(name, 'Relu', [x], this.shapeOf(x));
  }

  /** Clips to [0, 6]; the bounds are scalars that all relu6 nodes of the graph share. */
  relu6(name: string, x: string): string {
    const [low, high] = [0, 6].map((bound) => {
      const constant = `relu6/${bound === 0 ? 'min' : 'max'}`;
      return this.#types.has(constant) ? constant : this.#constant(Tensor.float32([], [bound]), constant);
    });
    return this.#node(name, 'Clip', [x, low!, high!], this.shapeOf(x));
  }

  maxPool(name: string, x: string, options: PoolOptions): string {
    return this.#pool(name, 'MaxPool', x, options);
  }

  /** Zeros of the padding count towards the average. */
  averagePool(name: string, x: string, options: PoolOptions): string {
    return this.#pool(name, 'AveragePool', x, options, { count_include_pad: int(1) });
  }

  /** [N, C, H, W] -> [N, C, 1, 1]. */
  globalAveragePool(name: string, x: string): string {
    return this.#node(name, 'GlobalAveragePool', [x], [...this.shapeOf(x).slice(0, 2), 1, 1]);
  }

  add(name: string, a: string, b: string): string {
    return this.#node(name, 'Add', [a, b], this.shapeOf(a));
  }

  /** Joins along the channels. */
  concat(name: string, parts: readonly string[]): string {
    const [batch, , ...spatial] = this.shapeOf(parts[0]!);
    const channels = parts.reduce((sum, part) => sum + this.shapeOf(part)[1]!, 0);
    return this.#node(name, 'Concat', parts, [batch!, channels, ...spatial], { axis: int(1) });
  }

  /** [N, C, H, W] -> [N, C * H * W]. */
  flatten(name: string, x: string): string {
    const [batch, ...rest] = this.shapeOf(x);
    return this.#node(name, 'Flatten', [x], [batch!, sizeOf(rest)], { axis: int(1) });
  }

  /** [N, in] -> [N, out]; filters [out, in]. */
  gemm(name: string, x: string, out: number, gain = 2): string {
    const [batch, width] = this.shapeOf(x) as [number, number];
    const filters = this.#filters.filters(`${name}/filters`, [out, width], width, gain);
    const bias = this.#filters.small(`${name}/bias`, out);
    const inputs = [x, this.#constant(filters, name, 'filters'), this.#constant(bias, name, 'bias')];
    return this.#node(name, 'Gemm', inputs, [batch, out], { transB: int(1) });
  }

  /** Does nothing in inference; kept because published models have it. */
  dropout(name: string, x: string): string {
    return this.#node(name, 'Dropout', [x], this.shapeOf(x));
  }

  softmax(name: string, x: string): string {
    return this.#node(name, 'Softmax', [x], this.shapeOf(x), { axis: int(1) });
  }

  build(outputs: readonly string[]): Graph {
    return {
      name: this.#name,
      opsets: { '': 13 },
      inputs: this.#inputs,
      outputs,
      nodes: this.#nodes,
      initializers: this.#initializers,
      types: this.#types,
    };
  }

  #pool(
    name: string,
    op: string,
    x: string,
    options: PoolOptions,
    extra: Record<string, Attribute> = {},
  ): string {
    const { kernel, stride = 1, pad = 0, ceil = false } = options;
    const attributes = { ...windowAttributes(kernel, stride, pad), ceil_mode: int(ceil ? 1 : 0), ...extra };
    return this.#windowed(name, op, [x], attributes, kernel, this.shapeOf(x)[1]!);
  }

  #windowed(
    name: string,
    op: string,
    inputs: readonly string[],
    attributes: Record<string, Attribute>,
    kernel: Pair,
    channels: number,
  ): string {
    const [batch, , ...spatial] = this.shapeOf(inputs[0]!);
    const node: Node = { name, op, domain: '', inputs, outputs: [name], attributes };
    const window = windowOf(node, spatial, both(kernel));
    return this.#push(node, [batch!, channels, ...windowOutput(window, spatial)]);
  }

  #node(
    name: string,
    op: string,
    inputs: readonly string[],
    shape: Shape,
    attributes: Record<string, Attribute> = {},
  ): string {
    return this.#push({ name, op, domain: '', inputs, outputs: [name], attributes }, shape);
  }

  #push(node: Node, shape: Shape): string {
    this.#nodes.push(node);
    return this.#declare(node.name, shape);
  }

  #constant(tensor: Tensor, ...path: readonly string[]): string {
    const name = this.#declare(path.join('/'), tensor.shape);
    this.#initializers.set(name, tensor);
    return name;
  }

  #declare(name: string, shape: Shape): string {
    if (this.#types.has(name)) throw new Error(`${this.#name} already has a tensor ${name}`);
    this.#types.set(name, { dtype: 'float32', shape });
    return name;
  }
}

function both(pair: Pair): readonly [number, number] {
  return typeof pair === 'number' ? [pair, pair] : pair;
}

function int(value: number): Attribute {
  return { type: 'int', value };
}

function windowAttributes(kernel: Pair, stride: number, pad: Pair): Record<string, Attribute> {
  const pads = both(pad);
  return {
    kernel_shape: { type: 'ints', value: both(kernel) },
    strides: { type: 'ints', value: [stride, stride] },
    pads: { type: 'ints', value: [...pads, ...pads] },
  };
}
