import { LIMITS, type ReadContext } from '../context.ts';
import type { GraphProto } from '../onnx_pb.ts';
import { tensorName } from '../subgraph-reads.ts';
import { decodeSubgraph, subgraphsOf } from './scope.ts';

/** Makes names of tensors that nothing in the model has, subgraphs included. */
export class FreshNames {
  readonly #taken = new Set<string>();
  /** How often a name was wanted and taken: the next try begins there. */
  readonly #counts = new Map<string, number>();

  constructor(graph: GraphProto, context: ReadContext) {
    this.#take(graph, context, 0);
  }

  fresh(name: string): string {
    let free = name;
    let count = this.#counts.get(name) ?? 0;
    while (this.#taken.has(free)) {
      count += 1;
      free = `${name}_${count}`;
    }
    this.#counts.set(name, count);
    this.#taken.add(free);
    return free;
  }

  #take(graph: GraphProto, context: ReadContext, depth: number): void {
    if (depth > LIMITS.nesting) {
      throw context.malformed(`subgraphs are nested more than ${LIMITS.nesting} deep`);
    }
    for (const { name } of [...graph.input, ...graph.output]) this.#taken.add(name);
    for (const tensor of graph.initializer) this.#taken.add(tensorName(tensor, context));
    for (const node of graph.node) {
      for (const name of [...node.input, ...node.output]) this.#taken.add(name);
      for (const body of node.attribute.flatMap(subgraphsOf)) {
        this.#take(decodeSubgraph(body, context), context, depth + 1);
      }
    }
  }
}
