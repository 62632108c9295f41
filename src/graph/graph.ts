import type { Tensor, TensorType } from '../tensor/tensor.ts';

/** What a subgraph computes: a branch of an If. It reads the names of the graph around it, too. */
export interface Body {
  /** In topological order. */
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  readonly outputs: readonly string[];
}

/**
 * A node's attribute, tagged with its ONNX type. `opaque` is one that we pass through (a subgraph, a sparse tensor); `body`
 * decodes one subgraph, for whoever puts it into the graph.
 */
export type Attribute =
  | { readonly type: 'float' | 'int'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'floats' | 'ints'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'tensor'; readonly value: Tensor }
  | {
      readonly type: 'opaque';
      readonly proto: Uint8Array;
      readonly reads: readonly string[];
      readonly body?: () => Body;
    };

/** One operator application, with ONNX names and meaning. An absent optional input or output has the name ''. */
export interface Node {
  readonly name: string;
  readonly op: string;
  /** '' is the standard ONNX domain. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** True where runs have shown that its outputs' shapes depend on the elements of the inputs. */
  readonly open?: true;
  /** True where the engine has declared its outputs to be what no Tensor holds: of int4, text, a list. */
  readonly unheld?: true;
}

/**
 * A model or a program: a DAG of nodes in topological order. Every tensor has one name; `types` holds what is known
 * of each one's element type and shape: inputs and initializers always (`inputTypeOf`); the output of an operator that we
 * do not know only once it was learnt; never what has another shape in every run, or is no tensor of numbers, as a sequence.
 * A model's outputs may be such, too. Graphs are never changed: a pass makes a new one.
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

/** The type of an input of the graph, which always has one. */
export function inputTypeOf({ types, inputs }: Pick<Graph, 'types' | 'inputs'>, input: string): TensorType {
  const type = types.get(input);
  if (type) return type;
  throw new Error(`${input} is none of the inputs ${inputs.join(', ')}`);
}

/**
 * The type of a tensor that the caller knows to have one: what is cut, travels or is joined. Not for a model's outputs,
 * nor for what a node outside of a scheme's run reads or makes: those may be open.
 */
export function knownTypeOf(types: ReadonlyMap<string, TensorType>, tensor: string): TensorType {
  const type = types.get(tensor);
  if (type) return type;
  throw new Error(`the tensor ${tensor} has another shape in every run, or is not of this graph`);
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
