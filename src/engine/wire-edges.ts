import type { Attribute, Graph, Node } from '../graph/graph.ts';
import { opsetOf } from '../graph/operators/index.ts';
import { scaleShape, type WireType } from '../tensor/precision.ts';
import { Tensor, type TensorType } from '../tensor/tensor.ts';

/** The types in which the inputs and outputs of a program travel, each in their order; undefined: as the program has it. */
export interface WireEdges {
  readonly inputs: readonly (WireType | undefined)[];
  readonly outputs: readonly (WireType | undefined)[];
}

/** Numbers of `to` of Cast. */
const CAST_TO = { float32: 1, int8: 3, float16: 10 } as const;
/** Added to a scale, so that zeros are not divided by zero. */
const TINY = 1e-30;

/** True where every tensor travels as the program has it. */
export function arePlain(graph: Graph, { inputs, outputs }: WireEdges): boolean {
  const plain = (names: readonly string[], types: WireEdges['inputs']) =>
    names.every((name, at) => isPlain(graph.types, name, types[at]));
  return plain(graph.inputs, inputs) && plain(graph.outputs, outputs);
}

/**
 * The program with its inputs and outputs as they travel. float16 is cast; int8 is multiplied with its scales, which are
 * an input of their own behind it, and an output behind each that is quantised.
 */
export function withEdges(graph: Graph, edges: WireEdges): Graph {
  const writer = new EdgeWriter(graph);
  const inputs = graph.inputs.flatMap((name, at) => writer.enter(name, edges.inputs[at]));
  const outputs = graph.outputs.flatMap((name, at) => writer.leave(name, edges.outputs[at], at));
  const { entering, leaving, initializers, types } = writer;
  return { ...graph, inputs, outputs, nodes: [...entering, ...graph.nodes, ...leaving], initializers, types };
}

class EdgeWriter {
  readonly entering: Node[] = [];
  readonly leaving: Node[] = [];
  readonly initializers: Map<string, Tensor>;
  readonly types: Map<string, TensorType>;
  readonly #opset: number;

  constructor(graph: Graph) {
    this.initializers = new Map(graph.initializers);
    this.types = new Map(graph.types);
    this.#opset = opsetOf(graph);
  }

  enter(name: string, type: WireType | undefined): string[] {
    if (!type || isPlain(this.types, name, type)) return [name];
    const wire = this.#name(`${name}@in`, type);
    if (type.scales === undefined) {
      this.entering.push(cast(wire, name, 'float32'));
      return [wire];
    }
    const { shape } = type;
    const scales = this.#name(`${wire}/scales`, { dtype: 'float32', shape: scaleShape(type) });
    const multiples = this.#name(`${wire}/multiples`, { dtype: 'float32', shape });
    this.entering.push(cast(wire, multiples, 'float32'), node('Mul', [multiples, scales], name));
    return [wire, scales];
  }

  leave(name: string, type: WireType | undefined, at: number): string[] {
    if (!type || isPlain(this.types, name, type)) return [name];
    const wire = this.#name(`${name}@out${at}`, type);
    if (type.scales === undefined) {
      this.leaving.push(cast(name, wire, 'float16'));
      return [wire];
    }
    const { shape } = type;
    const whole = (step: string) => this.#name(`${wire}/${step}`, { dtype: 'float32', shape });
    const perScale = (step: string) =>
      this.#name(`${wire}/${step}`, { dtype: 'float32', shape: scaleShape(type) });
    const [magnitudes, multiples, rounded] = [whole('magnitudes'), whole('multiples'), whole('rounded')];
    const [largest, raw, scales] = [perScale('largest'), perScale('raw'), perScale('scales')];
    this.leaving.push(
      node('Abs', [name], magnitudes),
      this.#largest(magnitudes, type, largest),
      node('Mul', [largest, this.#constant(`${wire}/per-step`, 1 / 127)], raw),
      node('Add', [raw, this.#constant(`${wire}/tiny`, TINY)], scales),
      node('Div', [name, scales], multiples),
      ...this.#rounding(multiples, rounded, whole),
      cast(rounded, wire, 'int8'),
    );
    return [wire, scales];
  }

  /** Over all but the channels; over the plane alone where there is one picture, which is faster. */
  #largest(of: string, { shape, scales }: WireType, to: string): Node {
    if (scales === 1) return node('ReduceMax', [of], to, { keepdims: { type: 'int', value: 0 } });
    const axes = shape.flatMap((extent, axis) => (axis > 1 || (axis === 0 && extent !== 1) ? [axis] : []));
    const keepdims = { keepdims: { type: 'int', value: 1 } } as const;
    if (this.#opset < 18)
      return node('ReduceMax', [of], to, { ...keepdims, axes: { type: 'ints', value: axes } });
    const name = `${to}/axes`;
    this.#add(name, Tensor.of('int64', [axes.length], BigInt64Array.from(axes.map(BigInt))));
    return node('ReduceMax', [of, name], to, keepdims);
  }

  #rounding(from: string, to: string, whole: (step: string) => string): Node[] {
    if (this.#opset >= 11) return [node('Round', [from], to)];
    const raised = whole('raised');
    const half = this.#constant(`${to}/half`, 0.5);
    return [node('Add', [from, half], raised), node('Floor', [raised], to)];
  }

  #constant(name: string, value: number): string {
    this.#add(name, Tensor.float32([], [value]));
    return name;
  }

  #add(name: string, tensor: Tensor): void {
    this.initializers.set(name, tensor);
    this.types.set(name, tensor);
  }

  /** A name that the graph does not have. */
  #name(base: string, { dtype, shape }: TensorType): string {
    let name = base;
    while (this.types.has(name)) name += "'";
    this.types.set(name, { dtype, shape });
    return name;
  }
}

function isPlain(types: ReadonlyMap<string, TensorType>, name: string, type: WireType | undefined): boolean {
  return type === undefined || types.get(name)?.dtype === type.dtype;
}

function cast(from: string, to: string, dtype: keyof typeof CAST_TO): Node {
  return node('Cast', [from], to, { to: { type: 'int', value: CAST_TO[dtype] } });
}

function node(
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, Attribute>> = {},
): Node {
  return { name: output, op, domain: '', inputs, outputs: [output], attributes };
}
