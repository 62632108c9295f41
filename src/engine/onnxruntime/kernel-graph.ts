import { dequantizedConstant } from '../../graph/folding/dequantized.ts';
import { consumersOf, type Graph, type Node, readsOf } from '../../graph/graph.ts';
import { dequantizesConstants } from '../../graph/passes/place-dequantized.ts';
import type { Tensor, TensorType } from '../../tensor/tensor.ts';
import { hasIntegerKernel } from './integer-kernel.ts';
import { quantizedBias } from './quantized-bias.ts';
import { unsignedMaps } from './unsigned-maps.ts';

/**
 * The program as onnxruntime is given it. Its integer kernels take filters as the model stores them; where a layer is
 * computed in float32, its filters are dequantised here, once:
 *
 * - onnxruntime would dequantise them again in every run (1.30: 2.5 times the run time of a MobileNet v2 whose
 *   filters alone are quantised), and multiply by filters that are scaled in blocks with inputs that it rounds to 8 bits;
 * - float32 filters that it finds between quantised feature maps it would quantise, with one scale for all channels
 *   (WeightBiasQuantization). The session leaves that step out; what is right of it, a bias in int32, is done here.
 */
export function kernelGraph(graph: Graph): Graph {
  if (!graph.nodes.some(isDequantization)) return graph;
  return new KernelWriter(unsignedMaps(graph)).written();
}

class KernelWriter {
  readonly #graph: Graph;
  readonly #makers = new Map<string, Node>();
  readonly #consumers: ReadonlyMap<string, readonly Node[]>;
  readonly #initializers: Map<string, Tensor>;
  readonly #types: Map<string, TensorType>;

  constructor(graph: Graph) {
    this.#graph = graph;
    for (const node of graph.nodes) for (const name of node.outputs) this.#makers.set(name, node);
    this.#consumers = consumersOf(graph.nodes);
    this.#initializers = new Map(graph.initializers);
    this.#types = new Map(graph.types);
  }

  written(): Graph {
    const nodes = this.#graph.nodes.flatMap((node) => this.#rewritten(node));
    const read = new Set([...this.#graph.outputs, ...nodes.flatMap(readsOf)]);
    const kept = nodes.filter(
      (node) => !dequantizesConstants(this.#graph, node) || read.has(node.outputs[0]!),
    );
    const names = new Set([...this.#graph.outputs, ...kept.flatMap(readsOf)]);
    const initializers = new Map([...this.#initializers].filter(([name]) => names.has(name)));
    return { ...this.#graph, nodes: kept, initializers, types: this.#types };
  }

  #rewritten(node: Node): Node[] {
    const context = { graph: this.#graph, makers: this.#makers, consumers: this.#consumers };
    if (!hasIntegerKernel(node, context))
      return [{ ...node, inputs: node.inputs.map((name) => this.#widened(name)) }];
    const bias = quantizedBias(node, context);
    if (!bias) return [node];
    const [values, scales, made] = [
      this.#add(`${node.name}/bias`, bias.values),
      this.#add(`${node.name}/bias/scales`, bias.scales),
      this.#name(`${node.name}/bias/float32`, { dtype: 'float32', shape: bias.values.shape }),
    ];
    const dequantize: Node = {
      name: made,
      op: 'DequantizeLinear',
      domain: '',
      inputs: [values, scales],
      outputs: [made],
      attributes: { axis: { type: 'int', value: 0 } },
    };
    return [dequantize, { ...node, inputs: node.inputs.with(2, made) }];
  }

  /** The name of the constant in float32, where a DequantizeLinear makes it of constants; else the name itself. */
  #widened(name: string): string {
    const maker = this.#makers.get(name);
    if (!maker || !isDequantization(maker)) return name;
    const value = dequantizedConstant(maker, (at) => this.#graph.initializers.get(maker.inputs[at] ?? ''));
    if (!value) return name;
    const wide = `${name}/float32`;
    return this.#initializers.get(wide) ? wide : this.#add(wide, value);
  }

  #add(wanted: string, tensor: Tensor): string {
    const name = this.#name(wanted, tensor);
    this.#initializers.set(name, tensor);
    return name;
  }

  #name(wanted: string, { dtype, shape }: TensorType): string {
    let name = wanted;
    while (this.#types.has(name)) name += "'";
    this.#types.set(name, { dtype, shape });
    return name;
  }
}

function isDequantization({ op, domain }: Node): boolean {
  return op === 'DequantizeLinear' && domain === '';
}
