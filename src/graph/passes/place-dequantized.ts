import type { TensorType } from '../../tensor/tensor.ts';
import { type Graph, type Node, readsOf } from '../graph.ts';
import type { Pass } from './pass.ts';

/**
 * DequantizeLinear stands right before each node that reads it, once for each:
 *
 *     w int8  -> DequantizeLinear -> w float32 -> Conv          the filters of a quantised model
 *     x uint8 -> DequantizeLinear -> x float32 -> Conv          its feature maps
 *
 * It is not folded. The constant travels and is held as the bytes that the model stores, and the engine sees the pattern
 * that it has integer kernels for; float32 filters between quantised activations would be quantised again by
 * onnxruntime, with one scale for all of their channels. Where reader and DequantizeLinear lie side by side, a stage that has
 * the one has the other: what travels between stages is quantised.
 */
export const placeDequantized: Pass = {
  name: 'place-dequantized',
  run(graph: Graph): Graph {
    const fixed = new Set([...graph.outputs, ...graph.nodes.flatMap(capturedBy)]);
    const makers = new Map<string, Node>();
    for (const node of graph.nodes) {
      const [output = ''] = node.outputs;
      // one that reads what another one makes stays where it is
      const known = graph.types.has(output) && !node.inputs.some((name) => makers.has(name));
      if (isDequantize(node) && known && !fixed.has(output)) makers.set(output, node);
    }
    if (makers.size === 0) return graph;
    const copies = new Copies(graph.types);
    const moved = new Set(makers.values());
    const nodes = graph.nodes.flatMap((node) => {
      if (moved.has(node)) return [];
      const before = new Map<string, Node>();
      const inputs = node.inputs.map((name) => {
        const maker = makers.get(name);
        if (!maker) return name;
        const copy = before.get(name) ?? copies.of(maker);
        before.set(name, copy);
        return copy.outputs[0]!;
      });
      return before.size === 0 ? [node] : [...before.values(), { ...node, inputs }];
    });
    return { ...graph, nodes, types: copies.types };
  },
};

/** True for a DequantizeLinear whose value does not depend on the graph's inputs. */
export function dequantizesConstants({ initializers }: Graph, node: Node): boolean {
  return isDequantize(node) && readsOf(node).every((name) => initializers.has(name));
}

function isDequantize({ domain, op }: Node): boolean {
  return domain === '' && op === 'DequantizeLinear';
}

function capturedBy({ attributes }: Node): readonly string[] {
  return Object.values(attributes).flatMap((attribute) =>
    attribute.type === 'opaque' ? attribute.reads : [],
  );
}

/** The first reader takes the node as it is; each further one gets a copy under names of its own. */
class Copies {
  readonly types: Map<string, TensorType>;
  readonly #given = new Set<Node>();

  constructor(types: ReadonlyMap<string, TensorType>) {
    this.types = new Map(types);
  }

  of(node: Node): Node {
    if (!this.#given.has(node)) {
      this.#given.add(node);
      return node;
    }
    const [output = ''] = node.outputs;
    let name = `${output}'`;
    while (this.types.has(name)) name += "'";
    const type = this.types.get(output);
    if (type) this.types.set(name, type);
    return { ...node, name: `${node.name}${name.slice(output.length)}`, outputs: [name] };
  }
}
