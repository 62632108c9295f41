import { IsobathError } from '../../base/errors.ts';
import type { Shape } from '../../tensor/region.ts';
import type { Tensor, TensorType } from '../../tensor/tensor.ts';
import { axisOf } from '../attributes.ts';
import type { Node } from '../graph.ts';

/** What an operator's rules may look at. */
export interface OperatorContext {
  readonly node: Node;
  /** The version of the standard operator set that gives the node its meaning. */
  readonly opset: number;
  /** One type per input; undefined for an optional input that is absent. */
  readonly inputs: readonly (TensorType | undefined)[];
  /** The elements of an input that is known without running the model. */
  constant(input: number): Tensor | undefined;
}

/** The types of all outputs that the node names; undefined for one that depends on what only a run can tell. */
export type OutputTypes = readonly (TensorType | undefined)[];

/** What we know of one ONNX operator. */
export interface OperatorSpec {
  /** Throws ISO_ERR_SHAPE_INVALID where no output can have a shape. */
  infer(context: OperatorContext): OutputTypes;
  /** True where an output has another shape in every run whatever the inputs are, or is no tensor of numbers. */
  readonly open?: true | ((node: Node) => boolean);
  /**
   * Multiply-accumulates, given the type of the first output. Operators without it count 0: their time goes with the
   * bytes that they move, not with arithmetic.
   */
  macs?(context: OperatorContext, output: TensorType): number;
}

export type OperatorFamily = Readonly<Record<string, OperatorSpec>>;

/** The operator's name, of another domain than that of the standard with the domain before it. */
export function operatorKey({ domain, op }: Node): string {
  return domain === '' ? op : `${domain}.${op}`;
}

/** The error of a node whose inputs do not fit together. */
export function shapeError(node: Node, reason: string): IsobathError {
  return IsobathError.of('ISO_ERR_SHAPE_INVALID', { node: node.name, op: node.op, reason });
}

export function shapeText(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** The type of an input that the operator cannot do without. */
export function needInput(context: OperatorContext, at: number): TensorType {
  const type = context.inputs[at];
  if (!type) throw shapeError(context.node, `input ${at} is absent`);
  return type;
}

/** `axis` counted from the front, within [0, rank), or [0, rank] where `end` allows it. */
export function checkedAxis(
  context: OperatorContext,
  axis: number,
  rank: number,
  end: 'open' | 'closed' = 'open',
): number {
  const positive = axisOf(axis, rank);
  const limit = end === 'closed' ? rank : rank - 1;
  if (Number.isInteger(axis) && positive >= 0 && positive <= limit) return positive;
  throw shapeError(context.node, `axis ${axis} does not exist in ${rank} dimensions`);
}

/**
 * The integers of a constant input; undefined where it is absent or only a run can tell. Throws ISO_ERR_SHAPE_INVALID
 * where they are no integers.
 */
export function integersOf(context: OperatorContext, input: number): number[] | undefined {
  const tensor = context.constant(input);
  // What lists axes, sizes or pads is short; a longer one is no such list.
  if (!tensor || tensor.size > 4096) return undefined;
  return checkedIntegers(context, Array.from(tensor.data as ArrayLike<number | bigint>, Number));
}

export function checkedIntegers<T extends readonly number[]>(context: OperatorContext, values: T): T {
  if (values.every(Number.isInteger)) return values;
  throw shapeError(context.node, `${shapeText(values)} are not integers`);
}

/** True where the node names this input. */
export function hasInput(context: OperatorContext, input: number): boolean {
  return (context.node.inputs[input] ?? '') !== '';
}
