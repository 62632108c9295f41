import type { Tensor, TensorType } from '../tensor/tensor.ts';

/** A node's attribute, tagged with its ONNX type. `opaque` is one that we pass through (a subgraph, a sparse tensor). */
export type Attribute =
  | { readonly type: 'float' | 'int'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'floats' | 'ints'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'tensor'; readonly value: Tensor }
  | { readonly type: 'opaque'; readonly proto: Uint8Array; readonly reads: readonly string[] };

/** One operator application, with ONNX names and meaning. An absent optional input or output has the name ''. */
export interface Node {
  readonly name: string;
  readonly op: string;
  /** '' is the standard ONNX domain. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/**
 * A model or a program: a DAG of nodes in topological order. Every tensor has one name; `types` holds what is known
 * of each one's element type and shape (inputs and initializers always; the output of an operator that we do not know
 * only once it was learnt). Graphs are never changed: a pass makes a new one.
 */
export interface Graph {
  readonly name: string;
  /** Operator set version per domain. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly Node[];
  /** Filters, biases and all other constants. */
  readonly initializers: ReadonlyMap<string, Tensor>;
  readonly types: ReadonlyMap<string, TensorType>;
}

/** Every tensor that the node reads: its inputs, and what its subgraphs capture. */
export function readsOf(node: Node): string[] {
  const reads = node.inputs.filter((name) => name !== '');
  for (const attribute of Object.values(node.attributes)) {
    if (attribute.type === 'opaque') reads.push(...attribute.reads);
  }
  return reads;
}

export function writesOf(node: Node): string[] {
  return node.outputs.filter((name) => name !== '');
}

/** For each tensor, the nodes that read it. */
export function consumersOf(nodes: Iterable<Node>): Map<string, Node[]> {
  const consumers = new Map<string, Node[]>();
  for (const node of nodes) {
    for (const name of new Set(readsOf(node))) {
      const readers = consumers.get(name);
      if (readers) readers.push(node);
      else consumers.set(name, [node]);
    }
  }
  return consumers;
}

/**
 * The part of `graph` made of `nodes` (in topological order), as a graph of its own: its inputs are the live tensors
 * that the nodes read from outside, its outputs those of `keep` that they write, its initializers the constants in use.
 */
export function subgraph(
  graph: Graph,
  nodes: readonly Node[],
  keep: ReadonlySet<string>,
  name: string,
): Graph {
  const made = new Set(nodes.flatMap(writesOf));
  const inputs = new Set<string>();
  const initializers = new Map<string, Tensor>();
  const types = new Map<string, TensorType>();
  for (const read of new Set(nodes.flatMap(readsOf))) {
    const constant = graph.initializers.get(read);
    if (constant) initializers.set(read, constant);
    else if (!made.has(read)) inputs.add(read);
  }
  for (const tensor of [...inputs, ...initializers.keys(), ...made]) {
    const type = graph.types.get(tensor);
    if (type) types.set(tensor, type);
  }
  const outputs = [...made].filter((tensor) => keep.has(tensor));
  return { name, opsets: graph.opsets, inputs: [...inputs], outputs, nodes, initializers, types };
}
