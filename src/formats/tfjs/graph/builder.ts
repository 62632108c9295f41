import { FoldedConstants } from '../../../graph/folding/folded-constants.ts';
import type { Attribute, Graph, Node } from '../../../graph/graph.ts';
import { contextOf } from '../../../graph/infer.ts';
import { operatorOf } from '../../../graph/operators/index.ts';
import { dropIdentity } from '../../../graph/passes/drop-identity.ts';
import { dropUnused } from '../../../graph/passes/drop-unused.ts';
import { foldConstants } from '../../../graph/passes/fold-constants.ts';
import { toInt64 } from '../../../tensor/int64.ts';
import { Tensor, type TensorType } from '../../../tensor/tensor.ts';

export const OPSET = 13;

export type Attributes = Readonly<Record<string, Attribute>>;

/**
 * Builds a graph node by node and knows at once the type of each tensor, and the value of each that does not depend on
 * an input: shapes that the model computes from shapes are numbers by the time they are needed.
 */
export class GraphBuilder {
  readonly #nodes: Node[] = [];
  readonly #initializers = new Map<string, Tensor>();
  readonly #types = new Map<string, TensorType>();
  readonly #taken: Set<string>;
  readonly #names = new Set<string>();
  #folded = new FoldedConstants(this.#initializers);

  /** `reserved` are names that only inputs and outputs may have. */
  constructor(reserved: Iterable<string>) {
    this.#taken = new Set(reserved);
  }

  input(name: string, type: TensorType): string {
    this.#types.set(name, type);
    return name;
  }

  constant(wanted: string, tensor: Tensor): string {
    const name = free(wanted, this.#taken);
    this.#initializers.set(name, tensor);
    this.#folded.add(name, tensor);
    this.#types.set(name, { dtype: tensor.dtype, shape: tensor.shape });
    return name;
  }

  /** Adds a node with one output per type in `types`, or one whose type the operator tells. Gives their names. */
  add(
    scope: string,
    op: string,
    inputs: readonly string[],
    attributes: Attributes = {},
    types: readonly (TensorType | undefined)[] = [undefined],
  ): string[] {
    const outputs = types.map(() => free(`${scope}/${op}`, this.#taken));
    const node = { name: free(`${scope}/${op}`, this.#names), op, domain: '', inputs, outputs, attributes };
    this.#nodes.push(node);
    const context = contextOf(node, OPSET, this.#types, this.#folded.values);
    const inferred = context && operatorOf(node)?.infer(context);
    outputs.forEach((name, at) => {
      const type = inferred?.[at] ?? types[at];
      if (type) this.#types.set(name, type);
    });
    const type = this.#types.get(outputs[0]!);
    if (context && inferred?.[0] && type) this.#folded.fold(context, type);
    return outputs;
  }

  type(name: string): TensorType | undefined {
    return this.#types.get(name);
  }

  value(name: string): Tensor | undefined {
    return this.#folded.values.get(name);
  }

  /** `outputs` gives each output's name the tensor that it is. */
  build(name: string, inputs: readonly string[], outputs: ReadonlyMap<string, string>): Graph {
    const nodes = [...this.#nodes];
    const types = new Map(this.#types);
    for (const [output, tensor] of outputs) {
      const type = types.get(tensor);
      const node = { name: free(output, this.#names), op: 'Identity', domain: '' };
      nodes.push({ ...node, inputs: [tensor], outputs: [output], attributes: {} });
      if (type) types.set(output, type);
    }
    const initializers = this.#initializers;
    const graph = {
      name,
      opsets: { '': OPSET },
      inputs,
      outputs: [...outputs.keys()],
      nodes,
      initializers,
      types,
    };
    return [foldConstants, dropIdentity, dropUnused].reduce(
      (made: Graph, pass) => pass.run(made),
      dropUnused.run(graph),
    );
  }
}

function free(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let at = 1; taken.has(name); at += 1) name = `${wanted}_${at}`;
  taken.add(name);
  return name;
}

export const int = (value: number): Attribute => ({ type: 'int', value });
export const float = (value: number): Attribute => ({ type: 'float', value });
export const ints = (value: readonly number[]): Attribute => ({ type: 'ints', value });
export const text = (value: string): Attribute => ({ type: 'string', value });

export function int64s(values: readonly number[]): Tensor<'int64'> {
  return Tensor.of('int64', [values.length], BigInt64Array.from(values, toInt64));
}
