import type { Node } from '../../../graph/graph.ts';
import type { OperatorContext } from '../../../graph/operators/spec.ts';
import type { Tensor, TensorType } from '../../../tensor/tensor.ts';
import type { TensorId } from '../program.ts';
import type { Emitter } from './emitter.ts';
import { Unsupported } from './unsupported.ts';
import type { Layout, Value } from './value.ts';

/** What a rule sees of its node. */
export interface NodeView {
  readonly node: Node;
  readonly opset: number;
  readonly context: OperatorContext;
  readonly emit: Emitter;
  /** Undefined for an optional input that is absent. */
  readonly inputs: readonly (Value | undefined)[];
  /** Types of the outputs. */
  readonly outputs: readonly TensorType[];
  /** The activation that runs right behind this node, and nowhere else; the node that asks for it makes it. */
  readonly activation: 'linear' | 'relu' | 'relu6';
}

/** Writes the steps of one node and gives its outputs. Throws Unsupported. */
export type Rule = (view: NodeView) => readonly Value[];

export type Rules = Readonly<Record<string, Rule>>;

export function need({ inputs }: NodeView, at: number): Value {
  const value = inputs[at];
  if (!value) throw new Unsupported(`input ${at} is absent`);
  return value;
}

/** The elements of an input that must be known before the program runs. Undefined where the node leaves it out. */
export function parameter(view: NodeView, at: number): Tensor | undefined {
  if (!view.inputs[at]) return undefined;
  const tensor = view.context.constant(at);
  if (!tensor) throw new Unsupported(`input ${at} is known only when it runs`, true);
  return tensor;
}

/** The one output, held in this layout. */
export function output(view: NodeView, id: TensorId, layout: Layout = 'first', at = 0): Value {
  const type = view.outputs[at]!;
  return { type, forms: layout === 'first' ? { first: id } : { last: id } };
}

/** The layout in which the value is at hand; a value that is in none yet is taken as the graph has it. */
export function layoutOf({ type, forms }: Value): Layout {
  return type.shape.length >= 3 && forms.first === undefined && forms.last !== undefined ? 'last' : 'first';
}
