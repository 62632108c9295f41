import { Tensor, type TensorType } from '../../tensor/tensor.ts';
import type { OperatorContext } from '../operators/spec.ts';
import { evaluate, SMALL } from './evaluate.ts';

/** Small values that one graph may have computed at once; more than any real one has. */
const MAX_ELEMENTS = 2 ** 22;
/** Deferred values may be made of deferred values, but not so deep that reading one overflows the stack. */
const MAX_DEPTH = 64;

/** The tensors of a graph that do not depend on its input, found node by node in topological order. */
export class FoldedConstants {
  readonly #values: Map<string, Tensor>;
  readonly #depths = new Map<string, number>();
  #elements = 0;

  constructor(initializers: ReadonlyMap<string, Tensor>) {
    this.#values = new Map(initializers);
  }

  get values(): ReadonlyMap<string, Tensor> {
    return this.#values;
  }

  /** A constant that turned up after the beginning. */
  add(name: string, tensor: Tensor): void {
    this.#values.set(name, tensor);
  }

  /** Computes the node's only output, where its inputs are constant and its size allows it. */
  fold(context: OperatorContext, output: TensorType): void {
    const { inputs, outputs } = context.node;
    const [name = ''] = outputs;
    const depth = 1 + Math.max(0, ...inputs.map((input) => this.#depths.get(input) ?? 0));
    if (name === '' || depth > MAX_DEPTH || this.#elements > MAX_ELEMENTS) return;
    const value = evaluate(context, output);
    if (!value) return;
    if (value.size > SMALL) {
      this.#depths.set(name, depth);
      this.#values.set(name, value);
    } else {
      this.#elements += value.size;
      this.#values.set(name, Tensor.of(value.dtype, value.shape, value.data));
    }
  }
}
