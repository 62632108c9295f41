import type { Graph } from '../graph/graph.ts';
import { priceOf } from './price.ts';
import { ProgramBuilder } from './program-builder.ts';
import { partOf } from './rules/index.ts';
import type { PartialSum } from './rules/rule.ts';
import type { Run } from './run.ts';
import { type Joined, LazyShard, type Shard, type TensorRegion } from './shard.ts';
import { type Goals, type Walk, walkBack } from './walk.ts';
import { type PricedPart, pricedPart } from './work.ts';

/** The shard that reaches the goals with nodes of the run; undefined where a node on the way cannot be cut like this. */
export function shardOf(run: Pick<Run, 'graph' | 'nodes' | 'known'>, goals: Goals): Shard | undefined {
  const { steps, sums, made, needed, stuck } = walkBack(run, goals);
  if (stuck) return undefined;
  const { graph } = run;
  for (const sum of sums) steps.push(partOfSum(graph, goals, sum));
  const inputs: TensorRegion[] = [];
  needed.forEach((region, tensor) => {
    if (!made.has(tensor)) inputs.push({ tensor, region });
  });
  const outputs: Joined[] = [];
  for (const { tensor, region } of goals.placed) outputs.push({ tensor, region, join: 'place' });
  for (const { output } of sums) outputs.push({ tensor: goals.sum!.node.outputs[0]!, ...output });
  // walked again for the few shards that are run: to keep the way of each one that is priced would fill the memory
  const write = () => programOf(graph, goals, walkBack(run, goals), inputs);
  return new LazyShard(priceOf(graph, steps, inputs, outputs), write);
}

function partOfSum(graph: Graph, { sum }: Goals, { inputs, output }: PartialSum): PricedPart {
  return pricedPart(graph, { node: sum!.node, inputs, output: output.region });
}

function programOf(
  graph: Graph,
  { placed, sum }: Goals,
  { steps, sums }: Walk,
  inputs: readonly TensorRegion[],
): Graph {
  const builder = new ProgramBuilder(graph);
  for (const { tensor, region } of inputs) builder.hold(tensor, region);
  for (const { node, output } of steps) {
    builder.hold(node.outputs[0]!, output);
    partOf({ graph, node, region: output })!.emit(builder);
  }
  const names = [
    ...placed.map(({ tensor, region }) => builder.take(tensor, region)),
    ...sums.map((partial) => partial.emit(builder)),
  ];
  const first = steps[0]?.node ?? sum!.node;
  return builder.build(
    first.name,
    inputs.map(({ tensor }) => tensor),
    names,
  );
}
