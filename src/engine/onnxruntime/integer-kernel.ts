import { numberOf } from '../../graph/attributes.ts';
import type { Graph, Node } from '../../graph/graph.ts';

/** The nodes around a node of a program. */
export interface Surroundings {
  readonly graph: Graph;
  /** For each tensor, the node that makes it. */
  readonly makers: ReadonlyMap<string, Node>;
  /** For each tensor, the nodes that read it. */
  readonly consumers: ReadonlyMap<string, readonly Node[]>;
}

const BYTES = new Set(['int8', 'uint8']);

/**
 * True where onnxruntime computes the node on the integers that its operands are dequantised from: one of them is a
 * feature map of 8 bits, no operand is scaled in blocks, and a convolution's output is quantised again, at most behind a
 * Relu or Clip. It has no integer kernel for ConvTranspose.
 */
export function hasIntegerKernel(node: Node, around: Surroundings): boolean {
  const { types, initializers } = around.graph;
  const makers = node.inputs.map((name) => dequantizationOf(name, around));
  const maps = makers.flatMap((maker) =>
    maker && !initializers.has(maker.inputs[0]!) ? maker.inputs[0]! : [],
  );
  if (maps.length === 0 || maps.some((name) => !BYTES.has(types.get(name)?.dtype ?? ''))) return false;
  if (makers.some((maker) => maker && numberOf(maker, 'block_size', 0) > 0)) return false;
  if (node.op === 'ConvTranspose') return false;
  return node.op !== 'Conv' || isQuantised(node, around);
}

/** The DequantizeLinear that makes the tensor. */
export function dequantizationOf(name: string, { makers }: Surroundings): Node | undefined {
  const maker = makers.get(name);
  return maker?.op === 'DequantizeLinear' && maker.domain === '' ? maker : undefined;
}

/** True where the node's output goes into a QuantizeLinear and nowhere else, at most behind a Relu or Clip. */
export function isQuantised(node: Node, { graph, consumers }: Surroundings): boolean {
  for (let output = node.outputs[0]!; ; ) {
    const [reader, ...others] = consumers.get(output) ?? [];
    if (!reader || others.length > 0 || graph.outputs.includes(output)) return false;
    if (reader.op === 'QuantizeLinear') return true;
    if (reader.op !== 'Relu' && reader.op !== 'Clip') return false;
    output = reader.outputs[0]!;
  }
}
