import { consumersOf, type Graph, knownTypeOf, type Node } from '../../graph/graph.ts';
import { Tensor, type TensorType } from '../../tensor/tensor.ts';

/** What int8 is moved by to be uint8, elements and zero points alike. */
const SHIFT = 128;

/**
 * Quantised feature maps of int8 as uint8, moved by 128 with their zero points: the same steps stand for the same values.
 * onnxruntime's kernels for int8 feature maps are slow (1.30 on x64: a ResNet-18 takes 7 times as long). It makes uint8 of
 * them itself, but not of those that several nodes read, so that what a layer gives would depend on what lies around it.
 * An input or output of the program keeps its type: between it and the layer int8 becomes uint8, or the other way round.
 */
export function unsignedMaps(graph: Graph): Graph {
  const signed = ({ op, domain, inputs, outputs }: Node) => {
    const map = op === 'QuantizeLinear' ? outputs[0]! : inputs[0]!;
    const quantising = domain === '' && (op === 'QuantizeLinear' || op === 'DequantizeLinear');
    return quantising && graph.types.get(map)?.dtype === 'int8' && !graph.initializers.has(map);
  };
  return graph.nodes.some(signed) ? new Shifter(graph).shifted() : graph;
}

class Shifter {
  readonly #graph: Graph;
  readonly #consumers: ReadonlyMap<string, readonly Node[]>;
  readonly #initializers: Map<string, Tensor>;
  readonly #types: Map<string, TensorType>;
  /** The tensor that holds the elements of an int8 feature map as uint8. */
  readonly #unsigned = new Map<string, string>();

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#consumers = consumersOf(graph.nodes);
    this.#initializers = new Map(graph.initializers);
    this.#types = new Map(graph.types);
  }

  shifted(): Graph {
    const nodes = this.#graph.nodes.flatMap((node) => {
      if (node.domain !== '') return [node];
      if (node.op === 'QuantizeLinear') return this.#quantized(node);
      return node.op === 'DequantizeLinear' ? this.#dequantized(node) : [node];
    });
    return { ...this.#graph, nodes, initializers: this.#initializers, types: this.#types };
  }

  #quantized(node: Node): Node[] {
    const [output = ''] = node.outputs;
    const readers = this.#consumers.get(output) ?? [];
    const isRead = readers.some(({ op, domain }) => op === 'DequantizeLinear' && domain === '');
    const zero = this.#zeroPoint(node, output);
    // who makes what is quantised has a kernel for one type of feature map, whoever reads the result
    const isMade = !this.#graph.inputs.includes(node.inputs[0]!);
    if (!zero || !(isRead || isMade)) return [node];
    const made = this.#like(output);
    this.#unsigned.set(output, made);
    const quantize = turned(node, [node.inputs[0]!, node.inputs[1]!, zero], made);
    const whole = readers.every(({ op, domain }) => op === 'DequantizeLinear' && domain === '');
    if (whole && !this.#graph.outputs.includes(output)) return [quantize];
    return [quantize, ...this.#turnedBack(node, made, zero)];
  }

  /** The int8 feature map itself, for those who read it. */
  #turnedBack(node: Node, made: string, zero: string): Node[] {
    const float = this.#name(`${made}/float32`, knownTypeOf(this.#types, node.inputs[0]!));
    const dequantize: Node = { ...node, op: 'DequantizeLinear', attributes: {} };
    return [
      turned(dequantize, [made, node.inputs[1]!, zero], float),
      { ...node, inputs: node.inputs.with(0, float) },
    ];
  }

  #dequantized(node: Node): Node[] {
    const [input = '', scale = ''] = node.inputs;
    const zero = this.#zeroPoint(node, input);
    if (!zero || this.#graph.initializers.has(input)) return [node];
    const known = this.#unsigned.get(input);
    if (known !== undefined) return [turned(node, [known, scale, zero], node.outputs[0]!)];
    const float = this.#name(`${input}/float32`, knownTypeOf(this.#types, node.outputs[0]!));
    const made = this.#like(input);
    this.#unsigned.set(input, made);
    const quantize: Node = { ...node, op: 'QuantizeLinear', attributes: {} };
    return [
      turned(node, node.inputs, float),
      turned(quantize, [float, scale, zero], made),
      turned(node, [made, scale, zero], node.outputs[0]!),
    ];
  }

  /** The zero point of a feature map of int8 with one scale, moved; undefined for any other. */
  #zeroPoint({ inputs }: Node, map: string): string | undefined {
    const given = inputs[2] ?? '';
    const [scale, zero] = [inputs[1] ?? '', given].map((name) => this.#graph.initializers.get(name));
    if (this.#graph.types.get(map)?.dtype !== 'int8' || scale?.size !== 1) return undefined;
    if (given !== '' && zero?.size !== 1) return undefined;
    const name = this.#name(`${map}/zero-point`, { dtype: 'uint8', shape: scale.shape });
    const moved = Number(zero?.data[0] ?? 0) + SHIFT;
    this.#initializers.set(name, Tensor.of('uint8', scale.shape, Uint8Array.of(moved)));
    return name;
  }

  #like(map: string): string {
    return this.#name(`${map}/uint8`, { dtype: 'uint8', shape: knownTypeOf(this.#types, map).shape });
  }

  #name(wanted: string, { dtype, shape }: TensorType): string {
    let name = wanted;
    while (this.#types.has(name)) name += "'";
    this.#types.set(name, { dtype, shape });
    return name;
  }
}

function turned(node: Node, inputs: readonly string[], output: string): Node {
  const { output_dtype: _, ...attributes } = node.attributes;
  return { ...node, name: output, inputs, outputs: [output], attributes };
}
