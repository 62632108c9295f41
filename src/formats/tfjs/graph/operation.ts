import { type DType, isDType } from '../../../tensor/dtype.ts';
import type { Shape } from '../../../tensor/region.ts';
import { Tensor, type TensorType } from '../../../tensor/tensor.ts';
import { type Attributes, type GraphBuilder, int64s, ints } from './builder.ts';
import type { TfNode } from './nodes.ts';

/** Why one node cannot be translated; the reader collects these. */
export class Untranslatable extends Error {}

/** Writes the body of a function in the place of its call; gives the tensors of our graph that are its results. */
export type FunctionCall = (name: string, given: readonly string[]) => string[];

/** One node while it is translated: what it reads is translated already. */
export class Operation {
  readonly node: TfNode;
  readonly builder: GraphBuilder;
  /** The tensors of our graph that it reads. */
  readonly inputs: readonly string[];
  /** The operations whose outputs these are. */
  readonly makers: readonly (Operation | undefined)[];
  readonly #call: FunctionCall;

  constructor(
    node: TfNode,
    builder: GraphBuilder,
    inputs: readonly string[],
    makers: readonly (Operation | undefined)[],
    call: FunctionCall,
  ) {
    this.node = node;
    this.builder = builder;
    this.inputs = inputs;
    this.makers = makers;
    this.#call = call;
  }

  /** The results of the function that an attribute names, on these tensors. */
  call(attribute: string, given: readonly string[]): string[] {
    const name = this.attributes.function(attribute);
    if (name === undefined) throw new Untranslatable(`names no function as ${attribute}`);
    return this.#call(name, given);
  }

  get attributes() {
    return this.node.attributes;
  }

  input(at: number): string {
    const name = this.inputs[at];
    if (name === undefined) throw new Untranslatable(`has no input ${at}`);
    return name;
  }

  /** The type of a tensor of our graph. */
  typeOf(tensor: string): TensorType {
    const type = this.builder.type(tensor);
    if (!type) throw new Untranslatable('depends on a shape that only a run can tell');
    return type;
  }

  shapeOf(tensor: string): Shape {
    return this.typeOf(tensor).shape;
  }

  /** The numbers of an input that must be known without running the model. */
  numbers(at: number, what: string): number[] {
    const tensor = this.builder.value(this.input(at));
    if (!tensor || tensor.size > 65_536) throw new Untranslatable(`has a ${what} that only a run can tell`);
    return Array.from(tensor.data as ArrayLike<number | bigint>, Number);
  }

  number(at: number, what: string): number {
    const [value, ...more] = this.numbers(at, what);
    if (value === undefined || more.length > 0)
      throw new Untranslatable(`has a ${what} that is not one number`);
    return value;
  }

  /** An axis of `rank` axes, counted from the front. */
  axis(value: number, rank: number): number {
    const axis = value < 0 ? value + rank : value;
    if (Number.isInteger(axis) && axis >= 0 && axis < rank) return axis;
    throw new Untranslatable(`names the axis ${value} of ${rank}`);
  }

  add(op: string, inputs: readonly string[], attributes: Attributes = {}, type?: TensorType): string {
    return this.builder.add(this.node.name, op, inputs, attributes, [type])[0]!;
  }

  addMany(op: string, inputs: readonly string[], outputs: number, attributes: Attributes = {}): string[] {
    return this.builder.add(this.node.name, op, inputs, attributes, new Array(outputs).fill(undefined));
  }

  constant(what: string, tensor: Tensor): string {
    return this.builder.constant(`${this.node.name}/${what}`, tensor);
  }

  int64s(what: string, values: readonly number[]): string {
    return this.constant(what, int64s(values));
  }

  /** A number of the element type of `like`, which it broadcasts to. */
  scalar(what: string, value: number, like: string): string {
    const { dtype } = this.typeOf(like);
    if (!isDType(dtype) || dtype === 'int64') throw new Untranslatable(`computes with ${dtype}`);
    return this.constant(
      what,
      dtype === 'float32' ? Tensor.float32([], [value]) : integers([], [value], dtype),
    );
  }

  transpose(tensor: string, order: readonly number[]): string {
    return this.add('Transpose', [tensor], { perm: ints(order) });
  }

  reshape(tensor: string, shape: Shape): string {
    return this.add('Reshape', [tensor, this.int64s('shape', shape)]);
  }
}

/** int32 is what shapes, axes and indices are in tfjs. */
export function integers(shape: Shape, values: readonly number[], dtype: DType = 'int32'): Tensor {
  return dtype === 'bool'
    ? Tensor.of('bool', shape, Uint8Array.from(values))
    : Tensor.of('int32', shape, Int32Array.from(values));
}

/** Gives the tensors of our graph that are the node's outputs, in order. Throws Untranslatable. */
export type Translation = (operation: Operation) => readonly string[];
export type TranslationFamily = Readonly<Record<string, Translation>>;
