import { IsobathError } from '../base/errors.ts';
import { elementBytes } from '../tensor/dtype.ts';
import { sizeOf } from '../tensor/region.ts';
import type { Tensor, TensorType } from '../tensor/tensor.ts';
import { FoldedConstants } from './folding/folded-constants.ts';
import { type Graph, type Node, readsOf, writesOf } from './graph.ts';
import { isOpen, operatorOf, opsetOf } from './operators/index.ts';
import { shapingInputs } from './operators/open-shapes.ts';
import type { OperatorContext } from './operators/spec.ts';

/** A tensor with more elements is refused: nothing on a fog device holds it. */
const MAX_ELEMENTS = 2 ** 31;
const MAX_RANK = 32;

/**
 * The graph with the type of every tensor that can be known without running it, in one pass over the nodes. Small
 * constants are computed on the way, because Reshape, Slice and Resize take shapes from them. Types that the graph
 * already has (declared by the model, or learnt by running it) stand where we know nothing better.
 * Throws ISO_ERR_SHAPE_INVALID and ISO_ERR_MODEL_TOO_LARGE.
 */
export function inferTypes(graph: Graph): Graph {
  const { types } = walkTypes(graph);
  return { ...graph, types };
}

/** What is known of the tensors before a node. */
export interface Known {
  readonly types: ReadonlyMap<string, TensorType>;
  /** The elements of those that do not depend on the model's inputs. */
  readonly constants: ReadonlyMap<string, Tensor>;
}

/**
 * As `inferTypes`, with the value of every tensor that does not depend on the input. `rewrite` gives the nodes that stand
 * for a node of the graph, which write the same outputs.
 */
export function walkTypes(
  graph: Graph,
  rewrite: (node: Node, known: Known) => readonly Node[] = (node) => [node],
): Known & { readonly types: Map<string, TensorType> } {
  const types = new Map<string, TensorType>();
  const constants = new FoldedConstants(graph.initializers);
  const learn = (name: string, type: TensorType | undefined) => {
    if (name === '' || !type) return;
    checkSize(name, type);
    types.set(name, type);
  };
  for (const name of graph.inputs) learn(name, graph.types.get(name));
  for (const [name, { dtype, shape }] of graph.initializers) learn(name, { dtype, shape });
  const opset = opsetOf(graph);
  const open = openTensors(graph);
  const known = { types, constants: constants.values };
  const visit = (node: Node) => {
    // whatever the model declares of them holds for one run only
    if (node.outputs.some((name) => open.has(name))) return;
    const context = contextOf(node, opset, types, constants.values);
    const inferred = context && operatorOf(node)?.infer(context);
    node.outputs.forEach((name, at) => {
      learn(name, inferred?.[at] ?? graph.types.get(name));
    });
    const [output = ''] = node.outputs;
    const type = types.get(output);
    if (context && inferred?.[0] && type) constants.fold(context, type);
  };
  for (const node of graph.nodes) for (const each of rewrite(node, known)) visit(each);
  return known;
}

/** The tensors whose type is not known: made by operators that we do not know, or depending on such. */
export function unknownTensors(graph: Graph): string[] {
  const outputs = graph.nodes.flatMap((node) => node.outputs);
  return [...graph.inputs, ...outputs].filter((name) => name !== '' && !graph.types.has(name));
}

/** Nodes that look at the shape of what they read, not at its elements. */
const SHAPE_READERS: ReadonlySet<string> = new Set(['Shape', 'Size']);

export interface Dependence {
  /** The tensors that have another shape in every run, or are no tensors of numbers, and all that is made from them. */
  readonly open: ReadonlySet<string>;
  /** The tensors whose elements differ with those of the inputs, with `open`. All others are the same in every run. */
  readonly varying: ReadonlySet<string>;
}

/** What depends on the elements of the graph's inputs, as its structure tells. */
export function dependenceOf(graph: Graph): Dependence {
  const open = new Set<string>();
  const varying = new Set(graph.inputs);
  for (const node of graph.nodes) {
    const reads = readsOf(node);
    const shaped = shapingInputs(node).some((name) => varying.has(name));
    if (shaped || isOpen(node) || reads.some((name) => open.has(name))) {
      for (const name of writesOf(node)) {
        open.add(name);
        varying.add(name);
      }
    } else if (!isShapeReader(node) && reads.some((name) => varying.has(name))) {
      for (const name of writesOf(node)) varying.add(name);
    }
  }
  return { open, varying };
}

function isShapeReader({ op, domain }: Node): boolean {
  return domain === '' && SHAPE_READERS.has(op);
}

/** As `dependenceOf`, the open ones alone. */
export function openTensors(graph: Graph): ReadonlySet<string> {
  return dependenceOf(graph).open;
}

/** What the node's operator may look at; undefined while the type of one of its inputs is not known. */
export function contextOf(
  node: Node,
  opset: number,
  types: ReadonlyMap<string, TensorType>,
  constants: ReadonlyMap<string, Tensor>,
): OperatorContext | undefined {
  const inputs = node.inputs.map((name) => types.get(name));
  if (node.inputs.some((name, at) => name !== '' && !inputs[at])) return undefined;
  return { node, opset, inputs, constant: (input) => constants.get(node.inputs[input] ?? '') };
}

function checkSize(name: string, { dtype, shape }: TensorType): void {
  const elements = sizeOf(shape);
  const valid =
    shape.length <= MAX_RANK && shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
  if (valid && elements <= MAX_ELEMENTS) return;
  const width = elementBytes(dtype);
  throw IsobathError.of('ISO_ERR_MODEL_TOO_LARGE', {
    what: `The tensor ${name} of the shape [${shape.join(', ')}]`,
    bytes: elements * width,
    limit: MAX_ELEMENTS * width,
  });
}
