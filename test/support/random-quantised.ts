import fc from 'fast-check';
import type { Graph } from '../../src/graph/graph.ts';
import type { Shape } from '../../src/tensor/region.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { nodeOf } from './graphs.ts';
import { numbers } from './operators.ts';
import { integers, type Quantised, QuantisedBuilder } from './quantised.ts';

/** How a quantiser writes a layer: between DequantizeLinear and QuantizeLinear, as one operator, or with a sum of int32. */
export const FORMATS = ['qdq', 'qlinear', 'dynamic'] as const;
export type Format = (typeof FORMATS)[number];

interface Conv {
  readonly kind: 'conv';
  readonly outer: number;
  readonly kernel: number;
  readonly stride: number;
  readonly groups: 'one' | 'two' | 'each';
  readonly perFilter: boolean;
  readonly relu: boolean;
}
type Step = Conv | { readonly kind: 'add' | 'max' | 'average' | 'concat' | 'sigmoid' | 'multiply' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('conv' as const),
      outer: fc.integer({ min: 1, max: 5 }),
      kernel: fc.constantFrom(1, 3),
      stride: fc.constantFrom(1, 1, 2),
      groups: fc.constantFrom('one' as const, 'one' as const, 'two' as const, 'each' as const),
      perFilter: fc.boolean(),
      relu: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom(...(['add', 'add', 'max', 'average', 'concat', 'sigmoid', 'multiply'] as const)),
    }),
  },
);

/** A feature map: what is between two layers, and in which steps. */
interface Map {
  readonly name: string;
  readonly shape: Shape;
  readonly scale: number;
  readonly zero: number;
}

/** A random quantised model with its input `x`, scales that are no powers of two, and odd zero points. */
export function randomQuantised(format: Format): fc.Arbitrary<{ graph: Graph; input: Tensor }> {
  return fc
    .record({
      steps: fc.array(step, { minLength: 1, maxLength: 4 }),
      size: fc.tuple(fc.integer({ min: 3, max: 9 }), fc.integer({ min: 3, max: 9 })),
      type: fc.constantFrom<Quantised>('uint8', 'int8'),
      seed: fc.integer({ min: 1, max: 1000 }),
    })
    .map(({ steps, size, type, seed }) => {
      const shape = [1, 4, ...size];
      const input = Tensor.float32(
        shape,
        Float32Array.from(numbers(shape, seed).data, (value, at) => value * 0.37 + Math.sin(at)),
      );
      return { graph: new RandomModel(format, type, seed).of(steps, shape), input };
    });
}

class RandomModel extends QuantisedBuilder {
  readonly #format: Format;
  readonly #type: Quantised;
  #seed: number;

  constructor(format: Format, type: Quantised, seed: number) {
    super();
    this.#format = format;
    this.#type = type;
    this.#seed = seed;
  }

  of(steps: readonly Step[], shape: Shape): Graph {
    const dynamic = this.#format === 'dynamic';
    let map: Map = { name: 'x', shape, ...this.#steps() };
    if (!dynamic) map = { ...map, name: this.node('QuantizeLinear', ['x', ...this.#parameters(map)]) };
    for (const each of steps) map = dynamic ? this.#float(map, each) : this.#quantised(map, each);
    const output = dynamic ? map.name : this.node('DequantizeLinear', [map.name, ...this.#parameters(map)]);
    return this.graph(shape, output);
  }

  #next(limit: number): number {
    this.#seed = (this.#seed * 48271 + 11) % 2147483647;
    return this.#seed % limit;
  }

  #steps(): Pick<Map, 'scale' | 'zero'> {
    return {
      scale: 0.021 + this.#next(40) / 900,
      zero: this.#type === 'uint8' ? 115 + this.#next(9) : this.#next(7) - 3,
    };
  }

  #parameters({ scale, zero }: Pick<Map, 'scale' | 'zero'>): [string, string] {
    return [this.scalar(scale), this.zero(this.#type, zero)];
  }

  #weights(shape: Shape, scales: number): [string, string, string] {
    const type = this.#format === 'dynamic' ? 'uint8' : 'int8';
    const base = type === 'uint8' ? 128 : 0;
    const steps = Float32Array.from({ length: scales }, () => 0.003 + this.#next(50) / 4000);
    const values = this.constant(integers(type, shape, () => this.#next(201) - 100 + base));
    const one = scales === 1;
    const scale = Tensor.float32(one ? [] : [scales], steps);
    return [values, this.constant(scale), this.constant(integers(type, one ? [] : [scales], () => base))];
  }

  #quantised(map: Map, step: Step): Map {
    switch (step.kind) {
      case 'conv':
        return this.#conv(map, step);
      case 'add':
        return this.#pair(map, this.#conv(map, sameShape(map)), 'Add');
      case 'multiply':
        return this.#pair(map, map, 'Mul');
      case 'concat':
        return this.#concat([this.#conv(map, sameShape(map)), map]);
      case 'sigmoid':
        return this.#unary(map, 'Sigmoid', map.shape, {});
      default:
        return this.#pool(map, step.kind);
    }
  }

  #conv(map: Map, { outer, kernel, stride, groups: kind, perFilter, relu }: Conv): Map {
    const channels = map.shape[1]!;
    const groups = kind === 'each' ? channels : kind === 'two' && channels % 2 === 0 ? 2 : 1;
    const filters = outer * (kind === 'each' ? 1 : groups) * (kind === 'each' ? channels : 1);
    const shape = [filters, channels / groups, kernel, kernel];
    const attributes = {
      group: groups,
      strides: [stride, stride],
      pads: new Array<number>(4).fill((kernel - 1) / 2),
    };
    const spatial = map.shape.slice(2).map((extent) => Math.floor((extent - 1) / stride) + 1);
    const made = { shape: [1, filters, ...spatial], ...this.#steps() };
    const [values, scale, zero] = this.#weights(shape, perFilter ? filters : 1);
    if (this.#format === 'dynamic') return this.#summed(map, made.shape, values, zero, attributes);
    const steps = this.constants[scale]!.data as Float32Array;
    const bias = this.constant(integers('int32', [filters], () => this.#next(4001) - 2000));
    if (this.#format === 'qlinear') {
      const inputs = [
        map.name,
        ...this.#parameters(map),
        values,
        scale,
        zero,
        ...this.#parameters(made),
        bias,
      ];
      return { ...made, name: this.node('QLinearConv', inputs, attributes) };
    }
    const biasSteps = this.constant(
      Tensor.float32(
        this.constants[scale]!.shape,
        Float32Array.from(steps, (each) => each * Math.fround(map.scale)),
      ),
    );
    const axis = perFilter ? { axis: 0 } : {};
    const w = this.node('DequantizeLinear', [values, scale, zero], axis);
    const b = this.node('DequantizeLinear', [bias, biasSteps], axis);
    const conv = this.node('Conv', [this.#dequantized(map), w, b], attributes);
    return this.#rounded(made, relu ? this.node('Relu', [conv]) : conv);
  }

  /** As the dynamic quantiser writes it: the range of the whole feature map gives its scale. */
  #summed(
    map: Map,
    shape: Shape,
    values: string,
    zero: string,
    attributes: Record<string, number | number[]>,
  ): Map {
    const at = this.nodes.length;
    const [y, scale, point] = [`y${at}`, `s${at}`, `z${at}`];
    this.nodes.push(nodeOf('DynamicQuantizeLinear', [map.name], [y, scale, point], {}));
    const whole = this.constant(integers('uint8', [], () => 128));
    const sum = this.node(
      'ConvInteger',
      [y, values, point, this.constants[zero]!.size > 1 ? whole : zero],
      attributes,
    );
    const floats = this.node('Cast', [sum], { to: 1 });
    const scaled = this.node('Mul', [floats, this.node('Mul', [scale, this.scalar(0.011)])]);
    return { ...map, shape, name: this.node('Relu', [scaled]) };
  }

  #float(map: Map, step: Step): Map {
    if (step.kind === 'conv') return this.#conv(map, step);
    const other = this.#conv(map, sameShape(map));
    return { ...other, name: this.node('Add', [map.name, other.name]) };
  }

  #pair(a: Map, b: Map, op: 'Add' | 'Mul'): Map {
    const made = { shape: a.shape, ...this.#steps() };
    if (this.#format === 'qlinear') {
      const inputs = [a, b].flatMap((each) => [each.name, ...this.#parameters(each)]);
      return { ...made, name: this.microsoft(`QLinear${op}`, [...inputs, ...this.#parameters(made)]) };
    }
    return this.#rounded(made, this.node(op, [this.#dequantized(a), this.#dequantized(b)]));
  }

  #concat(maps: readonly Map[]): Map {
    const channels = maps.reduce((sum, { shape }) => sum + shape[1]!, 0);
    const made = { shape: maps[0]!.shape.with(1, channels), ...this.#steps() };
    if (this.#format === 'qlinear') {
      const inputs = maps.flatMap((each) => [each.name, ...this.#parameters(each)]);
      return {
        ...made,
        name: this.microsoft('QLinearConcat', [...this.#parameters(made), ...inputs], { axis: 1 }),
      };
    }
    const inputs = maps.map((each) => this.#dequantized(each));
    return this.#rounded(made, this.node('Concat', inputs, { axis: 1 }));
  }

  #pool(map: Map, kind: 'max' | 'average'): Map {
    const attributes = { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1] };
    const [height, width] = map.shape.slice(2) as [number, number];
    const shape = [1, map.shape[1]!, Math.floor((height - 1) / 2) + 1, width];
    if (kind === 'average') return this.#unary(map, 'AveragePool', shape, attributes);
    if (this.#format === 'qlinear')
      return { ...map, shape, name: this.node('MaxPool', [map.name], attributes) };
    return this.#rounded({ ...map, shape }, this.node('MaxPool', [this.#dequantized(map)], attributes));
  }

  #unary(map: Map, op: string, shape: Shape, attributes: Record<string, number | number[]>): Map {
    const made = { shape, ...this.#steps() };
    if (this.#format === 'qdq')
      return this.#rounded(made, this.node(op, [this.#dequantized(map)], attributes));
    const inputs = [map.name, ...this.#parameters(map), ...this.#parameters(made)];
    return { ...made, name: this.microsoft(`QLinear${op}`, inputs, attributes) };
  }

  #dequantized(map: Map): string {
    return this.node('DequantizeLinear', [map.name, ...this.#parameters(map)]);
  }

  #rounded(made: Omit<Map, 'name'>, x: string): Map {
    return { ...made, name: this.node('QuantizeLinear', [x, ...this.#parameters(made)]) };
  }
}

const sameShape = ({ shape }: Map): Conv => ({
  ...{ kind: 'conv', outer: shape[1]!, kernel: 3, stride: 1, groups: 'one', perFilter: true, relu: true },
});
