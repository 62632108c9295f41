import type { Graph } from '../graph/graph.ts';
import { priceOf } from './price.ts';
import { ProgramBuilder } from './program-builder.ts';
import type { Run } from './run.ts';
import { type Joined, LazyShard, type Shard, type TensorRegion } from './shard.ts';
import { type Goals, type Walk, walkBack } from './walk.ts';
import type { NodePart } from './work.ts';

/** The shard that reaches the goals with nodes of the run; undefined where a node on the way cannot be cut like this. */
export function shardOf(run: Pick<Run, 'graph' | 'nodes'>, goals: Goals): Shard | undefined {
  const walk = walkBack(run, goals);
  if (walk.stuck) return undefined;
  const { graph } = run;
  const { steps, sums, needed } = walk;
  const parts: NodePart[] = steps.map(({ node, region, part }) => ({
    node,
    inputs: part.inputs,
    output: region,
  }));
  for (const { inputs, output } of sums) parts.push({ node: goals.sum!.node, inputs, output: output.region });
  const made = new Set<string>();
  for (const { node } of steps) made.add(node.outputs[0]!);
  const inputs: TensorRegion[] = [];
  for (const [tensor, region] of needed) if (!made.has(tensor)) inputs.push({ tensor, region });
  const outputs = [
    ...goals.placed.map((output): Joined => ({ ...output, join: 'place' })),
    ...sums.map(({ output }): Joined => ({ tensor: goals.sum!.node.outputs[0]!, ...output })),
  ];
  // walked again for the few shards that are run: to keep the way of each one that is priced would fill the memory
  const write = () => programOf(graph, goals, walkBack(run, goals), inputs);
  return new LazyShard(priceOf(graph, parts, inputs, outputs), write);
}

function programOf(
  graph: Graph,
  { placed, sum }: Goals,
  { steps, sums, needed }: Walk,
  inputs: readonly TensorRegion[],
): Graph {
  const builder = new ProgramBuilder(graph);
  for (const { tensor, region } of inputs) builder.hold(tensor, region);
  for (const { node, part } of steps) {
    builder.hold(node.outputs[0]!, needed.get(node.outputs[0]!)!);
    part.emit(builder);
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
