import { numbersOf, stringOf } from '../attributes.ts';
import type { Graph, Node } from '../graph.ts';
import { opsetOf } from '../operators/index.ts';
import type { Pass } from './pass.ts';

/**
 * Zeros that a Pad puts around the plane become pads of the convolutions that read it, which can then be cut and fused
 * like any other. Where something else reads it too, the Pad stays for that.
 */
export const foldPads: Pass = {
  name: 'fold-pads',
  run(graph: Graph): Graph {
    // Before operator set 11 the pads are an attribute.
    if (opsetOf(graph) < 11) return graph;
    const pads = new Map<string, Padding>();
    const nodes = graph.nodes.map((node): Node => {
      const [output = ''] = node.outputs;
      const padding = paddingOf(graph, node);
      if (padding) pads.set(output, padding);
      const before = pads.get(node.inputs[0] ?? '');
      return (before && folded(node, before)) ?? node;
    });
    return { ...graph, nodes };
  },
};

interface Padding {
  readonly input: string;
  /** Of the plane: those before, then those behind. */
  readonly pads: readonly number[];
}

/** Undefined for a node that is no Pad of zeros around the plane alone. */
function paddingOf(graph: Graph, node: Node): Padding | undefined {
  if (node.op !== 'Pad' || node.domain !== '' || stringOf(node, 'mode', 'constant') !== 'constant')
    return undefined;
  const [input = '', amounts = '', value = '', axes = ''] = node.inputs;
  const rank = graph.types.get(input)?.shape.length ?? 0;
  const constants = graph.initializers;
  const filled = value === '' ? 0 : Number(constants.get(value)?.data[0]);
  const all = Array.from((constants.get(amounts)?.data ?? []) as ArrayLike<number | bigint>, Number);
  if (axes !== '' || rank < 3 || filled !== 0 || all.length !== 2 * rank) return undefined;
  const outside = [0, 1, rank, rank + 1].some((at) => all[at] !== 0);
  if (outside || all.some((pad) => pad < 0)) return undefined;
  return { input, pads: [...all.slice(2, rank), ...all.slice(rank + 2)] };
}

function folded(node: Node, { input, pads }: Padding): Node | undefined {
  const padding = stringOf(node, 'auto_pad', 'NOTSET');
  // SAME counts from the size of what was padded.
  if (node.op !== 'Conv' || node.domain !== '' || !['NOTSET', 'VALID'].includes(padding)) return undefined;
  const own = padding === 'VALID' ? undefined : numbersOf(node, 'pads');
  if (own && own.length !== pads.length) return undefined;
  const { auto_pad: _, ...attributes } = node.attributes;
  const value = pads.map((pad, at) => pad + (own?.[at] ?? 0));
  const inputs = node.inputs.with(0, input);
  return { ...node, inputs, attributes: { ...attributes, pads: { type: 'ints', value } } };
}
