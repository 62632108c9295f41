import { toInt64 } from '../../../tensor/int64.ts';
import type { Shape } from '../../../tensor/region.ts';
import { Tensor } from '../../../tensor/tensor.ts';
import { transposed } from '../../folding/movement.ts';
import { type Layout, spread } from './layout.ts';
import { inverse, type Order } from './permutation.ts';

/**
 * The new graph's constants. One that is wanted in another order becomes a further constant, under a further name,
 * made once for all who want that order; the elements are moved when they are read.
 */
export class Constants {
  readonly all: Map<string, Tensor>;
  readonly #made = new Map<string, string>();
  readonly #name: (name: string, tensor: Tensor) => string;

  constructor(initializers: ReadonlyMap<string, Tensor>, name: (name: string, tensor: Tensor) => string) {
    this.all = new Map(initializers);
    this.#name = name;
  }

  integers(name: string, values: readonly number[]): string {
    return this.#once(`${values}`, name, () =>
      Tensor.of('int64', [values.length], BigInt64Array.from(values, toInt64)),
    );
  }

  transposed(name: string, order: Order): string {
    return this.#once(`${name} ${order}`, name, () => transposed(this.all.get(name)!, order));
  }

  /** As an operand that broadcasts to the old `shape`, beside a tensor that is held like `like`. */
  aligned(name: string, tensor: Tensor, like: Layout, shape: Shape): string | undefined {
    const missing = shape.length - tensor.shape.length;
    if (missing < 0) return undefined;
    const full = [...new Array<number>(missing).fill(1), ...tensor.shape];
    if (like.flat) {
      if (full.length !== 2) return undefined;
      if (full[1] === 1) return name;
      return this.regrouped(name, tensor, 1, like);
    }
    return this.#once(`${name} ${like.order} ${shape.length}`, name, () => {
      const turned = transposed(tensor.reshaped(full), inverse(like.order));
      const first = turned.shape.findIndex((extent) => extent !== 1);
      return turned.reshaped(turned.shape.slice(Math.max(0, first)));
    });
  }

  /**
   * The constant with the elements along `axis`, which belong to the columns of a flattened tensor, in the order in
   * which the new graph has these columns: the rows of a dense layer's filters after Flatten. A vector may stand for one row.
   */
  regrouped(name: string, tensor: Tensor, axis: number, like: Layout): string {
    const groups = spread(like).slice(1);
    const order = inverse(like.order)
      .slice(1)
      .map((at) => at - 1);
    const at = tensor.shape.length === 1 ? 0 : axis;
    return this.#once(`${name} ${axis} ${groups} ${order}`, name, () => {
      const { shape } = tensor;
      const split = [...shape.slice(0, at), ...groups, ...shape.slice(at + 1)];
      const turn = split.map((_, place) => {
        const group = place - at;
        return group >= 0 && group < groups.length ? at + order[group]! : place;
      });
      const turned = transposed(tensor.reshaped(split), turn);
      return turned.reshaped(shape);
    });
  }

  #once(key: string, name: string, make: () => Tensor): string {
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const tensor = make();
    const free = this.#name(name, tensor);
    this.all.set(free, tensor);
    this.#made.set(key, free);
    return free;
  }
}
