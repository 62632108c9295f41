import { type Graph, type Node, subgraph } from '../graph/graph.ts';
import { type Region, wholeRegion } from '../tensor/region.ts';
import { priceOf } from './price.ts';
import { LazyShard, type Shard, type TensorRegion } from './shard.ts';
import { pricedPart } from './work.ts';

/** A tensor that a shard makes whole, and where it goes: into its own tensor, or into a part of another. */
export interface WholeOutput {
  readonly tensor: string;
  readonly to: TensorRegion;
}

/** Of a tensor whose shape differs from run to run, which never leaves the master, the region names no axis. */
export function wholeTensor(graph: Graph, tensor: string): TensorRegion {
  return { tensor, region: wholeRegion(graph.types.get(tensor)?.shape ?? []) };
}

/**
 * The nodes as they are, on whole tensors, as one shard: for any operator, also one without a rule. All that they read
 * from outside are its inputs.
 */
export function wholeShard(graph: Graph, nodes: readonly Node[], outputs: readonly WholeOutput[]): Shard {
  const keep = new Set(outputs.map(({ tensor }) => tensor));
  const part = subgraph(graph, nodes, keep, nodes[0]?.name ?? graph.name);
  const inputs = part.inputs.map((tensor) => wholeTensor(graph, tensor));
  const joined = outputs.map(({ to }) => ({ ...to, join: 'place' as const }));
  const parts = nodes.flatMap((node) => {
    const output = wholeRegionOf(graph, node.outputs[0] ?? '');
    const read = node.inputs.map((name) => wholeRegionOf(graph, name));
    return output ? [pricedPart(graph, { node, inputs: read, output })] : [];
  });
  // an operator that we do not know has no part, but its constants are held all the same
  let filterBytes = 0;
  for (const constant of part.initializers.values()) filterBytes += constant.byteLength;
  const price = { ...priceOf(graph, parts, inputs, joined), filterBytes };
  return new LazyShard(price, () => withOutputs(part, outputs));
}

function wholeRegionOf(graph: Graph, tensor: string): Region | undefined {
  const type = graph.types.get(tensor);
  return type && wholeRegion(type.shape);
}

/** The program's outputs in the order asked for. A tensor that goes to two places needs two names. */
function withOutputs(part: Graph, outputs: readonly WholeOutput[]): Graph {
  const nodes = [...part.nodes];
  const types = new Map(part.types);
  const names: string[] = [];
  for (const { tensor } of outputs) {
    const name = names.includes(tensor) ? `${tensor}#${names.length}` : tensor;
    if (name !== tensor) {
      nodes.push({ name, op: 'Identity', domain: '', inputs: [tensor], outputs: [name], attributes: {} });
      const type = types.get(tensor);
      if (type) types.set(name, type);
    }
    names.push(name);
  }
  return { ...part, nodes, types, outputs: names };
}
