import type { Attribute, Node } from '../../../graph/graph.ts';
import type { Tensor, TensorType } from '../../../tensor/tensor.ts';

/** What a rewriting may look at. */
export interface NodeView {
  readonly node: Node;
  /** The version of the standard operator set that gives the node its meaning. */
  readonly opset: number;
  /** Undefined where the input is absent, or its type is not known without running the model. */
  type(input: number): TensorType | undefined;
  /** The elements of an input that does not depend on the model's inputs. */
  constant(input: number): Tensor | undefined;
  /** A name of a tensor that nothing in the model has. */
  fresh(name: string): string;
  /** The error of a node for which there is no newer form. */
  refuse(reason: string): Error;
}

/** Nodes of the same meaning, of which the last ones write the outputs. */
export type Rewriting = (view: NodeView) => readonly Node[];

/** The node without the attributes of these names. */
export function without(node: Node, ...names: readonly string[]): Node {
  const kept = Object.entries(node.attributes).filter(([name]) => !names.includes(name));
  return { ...node, attributes: Object.fromEntries(kept) };
}

export function withAttributes(node: Node, attributes: Node['attributes']): Node {
  return { ...node, attributes: { ...node.attributes, ...attributes } };
}

export function ints(value: readonly number[]): Attribute {
  return { type: 'ints', value };
}

/** A node that makes a constant, under a name of its own. */
export function constantNode(view: NodeView, name: string, value: Tensor): Node {
  const output = view.fresh(`${view.node.name}/${name}`);
  const attributes = { value: { type: 'tensor', value } as const };
  return { name: output, op: 'Constant', domain: '', inputs: [], outputs: [output], attributes };
}
