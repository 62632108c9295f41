import { type Attribute, type Graph, knownTypeOf, type Node } from '../../../graph/graph.ts';
import { contextOf } from '../../../graph/infer.ts';
import { operatorOf } from '../../../graph/operators/index.ts';
import { toInt64 } from '../../../tensor/int64.ts';
import type { Shape } from '../../../tensor/region.ts';
import { Tensor, type TensorType } from '../../../tensor/tensor.ts';

/** What the nodes mean; LayerNormalization came with it. */
const OPSET = 17;

export type Attributes = Readonly<
  Record<string, number | string | readonly number[] | { readonly float: number }>
>;

/** Collects nodes and constants under names of their own, and knows the type of every tensor on the way. */
export class GraphWriter {
  readonly #nodes: Node[] = [];
  readonly #inputs: string[] = [];
  readonly #initializers = new Map<string, Tensor>();
  readonly #types = new Map<string, TensorType>();
  readonly #constants = new Map<string, string>();
  readonly #tensors = new Set<string>();
  readonly #nodeNames = new Set<string>();

  /** A name that no tensor has yet. */
  fresh(wanted: string): string {
    return free(wanted, this.#tensors);
  }

  input(name: string, type: TensorType): string {
    this.#inputs.push(name);
    this.#types.set(name, type);
    return name;
  }

  typeOf(tensor: string): TensorType {
    return knownTypeOf(this.#types, tensor);
  }

  shapeOf(tensor: string): Shape {
    return this.typeOf(tensor).shape;
  }

  /** Adds a node and gives the name of its output, which is its own unless that is taken, or `output`. */
  node(
    name: string,
    op: string,
    inputs: readonly string[],
    attributes: Attributes = {},
    { output }: { readonly output?: string } = {},
  ): string {
    const own = free(name, this.#nodeNames);
    const made = output ?? this.fresh(name);
    const tagged = Object.fromEntries(
      Object.entries(attributes).map(([key, value]) => [key, attributeOf(value)]),
    );
    const node: Node = { name: own, op, domain: '', inputs, outputs: [made], attributes: tagged };
    const context = contextOf(node, OPSET, this.#types, this.#initializers);
    const [type] = (context && operatorOf(node)?.infer(context)) ?? [];
    if (!type) throw new Error(`the type of ${op} ${own} is not known`);
    this.#nodes.push(node);
    this.#types.set(made, type);
    return made;
  }

  /** A constant that is made once for all who ask by the same key. */
  constant(key: string, make: () => Tensor): string {
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.#added(key, make());
    this.#constants.set(key, name);
    return name;
  }

  #added(wanted: string, tensor: Tensor): string {
    const name = this.fresh(wanted);
    this.#initializers.set(name, tensor);
    this.#types.set(name, { dtype: tensor.dtype, shape: tensor.shape });
    return name;
  }

  floats(name: string, shape: Shape, values: ArrayLike<number>): string {
    return this.#added(name, Tensor.float32(shape, values));
  }

  integers(name: string, values: readonly number[]): string {
    return this.#added(name, Tensor.of('int64', [values.length], BigInt64Array.from(values, toInt64)));
  }

  graph(name: string, outputs: readonly string[]): Graph {
    return {
      name,
      opsets: { '': OPSET },
      inputs: this.#inputs,
      outputs,
      nodes: this.#nodes,
      initializers: this.#initializers,
      types: this.#types,
    };
  }
}

function free(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let at = 1; taken.has(name); at += 1) name = `${wanted}_${at}`;
  taken.add(name);
  return name;
}

/** Whole numbers are integers, unless they are marked. */
function attributeOf(value: Attributes[string]): Attribute {
  if (typeof value === 'string') return { type: 'string', value };
  if (typeof value === 'number') return { type: 'int', value };
  return 'float' in value ? { type: 'float', value: value.float } : { type: 'ints', value };
}
