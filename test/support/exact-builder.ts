import type { Attribute, Graph, Node } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { type Shape, sizeOf } from '../../src/tensor/region.ts';
import { Tensor, type TensorType } from '../../src/tensor/tensor.ts';

export type Pair = readonly [number, number];
/** Top, left, bottom, right. */
export type Four = readonly [number, number, number, number];

interface Windowed {
  readonly kernel: Pair;
  readonly strides?: Pair;
  readonly dilations?: Pair;
  readonly pads?: Four;
}

/** Above it, a tensor is clipped before it is multiplied, so that no sum leaves the 24 bits of a float32. */
const LOUD = 64;
/** Averages halve; more halvings than these would take bits that sums need. */
const FINEST = 64;

/**
 * Builds a graph whose every sum is exact in float32, in any order: small integers, averages over powers of two, clipped
 * where they grow. Windows that do not fit are made smaller.
 */
export class ExactBuilder {
  readonly #nodes: Node[] = [];
  readonly #inputs: string[] = [];
  readonly #initializers = new Map<string, Tensor>();
  readonly #given = new Map<string, TensorType>();
  /** Greatest absolute value of a tensor, and the denominator of its elements. */
  readonly #bounds = new Map<string, { max: number; denominator: number }>();
  #state: number;

  constructor(seed: number) {
    this.#state = seed + 1;
  }

  input(name: string, shape: Shape): string {
    this.#inputs.push(name);
    this.#given.set(name, { dtype: 'float32', shape });
    this.#bounds.set(name, { max: 4, denominator: 1 });
    return name;
  }

  shapeOf(tensor: string): Shape {
    return inferTypes(this.#graph([tensor])).types.get(tensor)!.shape;
  }

  add(op: string, inputs: readonly string[], attributes: Node['attributes'] = {}): string {
    const output = `t${this.#nodes.length}`;
    const name = `${op}${this.#nodes.length}`;
    this.#nodes.push({ name, op, domain: '', inputs, outputs: [output], attributes });
    const live = inputs.map((input) => this.#bounds.get(input)).filter((bound) => bound !== undefined);
    const combine = (a: number, b: number) => (op === 'Add' ? a + b : Math.max(a, b));
    this.#bounds.set(output, {
      max: live.map(({ max }) => max).reduce(combine, 0),
      denominator: Math.max(...live.map(({ denominator }) => denominator)),
    });
    return output;
  }

  clip(x: string, limit: number): string {
    const bounds = [-limit, limit].map((value) => this.#name(Tensor.float32([], [value])));
    const y = this.add('Clip', [x, ...bounds]);
    this.#bounds.get(y)!.max = Math.min(limit, this.#bounds.get(x)!.max);
    return y;
  }

  conv(
    x: string,
    options: Windowed & { readonly groups?: number; readonly channels: number; readonly bias?: boolean },
  ): string {
    const ifm = this.#quiet(x);
    const { groups = 1, channels, bias = false } = options;
    const { kernel, attributes } = this.#window(ifm, options, 2);
    const depth = this.shapeOf(ifm)[1]! / groups;
    const inputs = [ifm, this.constant([channels, depth, ...kernel], 1)];
    if (bias) inputs.push(this.constant([channels], 3));
    const y = this.add('Conv', inputs, { ...attributes, group: int(groups) });
    this.#bounds.get(y)!.max = this.#bounds.get(ifm)!.max * depth * sizeOf(kernel) + 3;
    return y;
  }

  /** A convolution that keeps rows and columns. */
  same(x: string, channels: number, kernel: 1 | 3): string {
    const pad = (kernel - 1) / 2;
    return this.conv(x, { channels, kernel: [kernel, kernel], pads: [pad, pad, pad, pad], bias: true });
  }

  gemm(x: string, units: number): string {
    const ifm = this.#quiet(x);
    const width = this.shapeOf(ifm)[1]!;
    const inputs = [ifm, this.constant([units, width], 1), this.constant([units], 3)];
    const y = this.add('Gemm', inputs, { transB: int(1) });
    this.#bounds.get(y)!.max = this.#bounds.get(ifm)!.max * width + 3;
    return y;
  }

  batchNormalization(x: string): string {
    const channels = this.shapeOf(x)[1]!;
    const ones = Tensor.float32([channels], new Float32Array(channels).fill(1));
    const inputs = [
      x,
      this.constant([channels], 1),
      this.constant([channels], 2),
      this.constant([channels], 2),
    ];
    const y = this.add('BatchNormalization', [...inputs, this.#name(ones)], {
      epsilon: { type: 'float', value: 0 },
    });
    this.#bounds.get(y)!.max = this.#bounds.get(x)!.max + 4;
    return y;
  }

  maxPool(x: string, options: Windowed & { readonly ceil?: boolean }): string {
    const { kernel, attributes, drops } = this.#window(x, options, 'below the kernel');
    // onnxruntime's shape inference keeps the window that its kernel drops
    const more = { kernel_shape: ints(kernel), ceil_mode: int(options.ceil && !drops ? 1 : 0) };
    return this.add('MaxPool', [x], { ...attributes, ...more });
  }

  /** Over 1, 2 or 4 elements. */
  averagePool(x: string, options: Windowed & { readonly counts: boolean }): string {
    const { denominator } = this.#bounds.get(x)!;
    if (denominator >= FINEST) return this.maxPool(x, options);
    const { kernel, attributes } = this.#window(x, options, 'below the kernel');
    const more = { kernel_shape: ints(kernel), count_include_pad: int(options.counts ? 1 : 0) };
    const y = this.add('AveragePool', [x], { ...attributes, ...more });
    this.#bounds.get(y)!.denominator = denominator * sizeOf(kernel);
    return y;
  }

  concat(parts: readonly string[]): string {
    return this.add('Concat', parts, { axis: int(1) });
  }

  /** Integers up to `reach`, under a new name. */
  constant(shape: Shape, reach: number): string {
    return this.#name(this.randomTensor(shape, reach));
  }

  randomTensor(shape: Shape, reach: number): Tensor {
    const data = Float32Array.from({ length: sizeOf(shape) }, () => this.#next(reach));
    return Tensor.float32(shape, data);
  }

  /** `last` is an output, and so are the tensors of some nodes on the way (by number, counted round). */
  build(last: string, more: readonly number[]): Graph {
    const others = more.map((at) => this.#nodes[at % this.#nodes.length]!.outputs[0]!);
    return inferTypes(this.#graph([...new Set([last, ...others])]));
  }

  #graph(outputs: readonly string[]): Graph {
    const [nodes, initializers] = [this.#nodes, this.#initializers];
    const types = new Map<string, TensorType>([...this.#given, ...initializers]);
    return { name: 'random', opsets: { '': 13 }, inputs: this.#inputs, outputs, nodes, initializers, types };
  }

  #quiet(x: string): string {
    return this.#bounds.get(x)!.max > LOUD ? this.clip(x, 16) : x;
  }

  #name(tensor: Tensor): string {
    const name = `c${this.#initializers.size}`;
    this.#initializers.set(name, tensor);
    return name;
  }

  #window(x: string, options: Windowed, padding: number | 'below the kernel') {
    const { strides = [1, 1], dilations = [1, 1], pads = [0, 0, 0, 0] } = options;
    const spatial = this.shapeOf(x).slice(2);
    const fits = options.kernel.every((size, axis) => {
      const padded = spatial[axis]! + pads[axis]! + pads[axis + 2]!;
      return (size - 1) * dilations[axis]! + 1 <= padded;
    });
    const kernel: Pair = fits ? options.kernel : [1, 1];
    const allowed = pads.map((pad, at) =>
      Math.min(pad, typeof padding === 'number' ? padding : kernel[at % 2]! - 1),
    );
    const attributes = {
      strides: ints(strides),
      pads: ints(allowed),
      ...(options.dilations ? { dilations: ints(dilations) } : {}),
    };
    const drops = kernel.some((size, axis) => {
      const reached = spatial[axis]! + allowed[axis]!;
      const steps = Math.ceil((reached + allowed[axis + 2]! - size) / strides[axis]!);
      return steps * strides[axis]! >= reached;
    });
    return { kernel, attributes, drops };
  }

  /** Integers from -reach to reach, the same for the same seed. */
  #next(reach: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return ((this.#state >>> 16) % (2 * reach + 1)) - reach;
  }
}

const int = (value: number): Attribute => ({ type: 'int', value });
const ints = (value: readonly number[]): Attribute => ({ type: 'ints', value });
