import type { Graph, Node } from '../graph/graph.ts';
import { macsOf } from '../graph/macs.ts';
import type { Range, Region } from '../tensor/region.ts';
import { ProgramBuilder } from './program-builder.ts';
import { partOf, reductionOf } from './rules/index.ts';
import type { Part } from './rules/rule.ts';
import type { Shard, TensorRegion } from './shard.ts';

/**
 * The shard that makes `outputs` from `nodes` (in topological order): walks back from the outputs to learn which region
 * of every tensor is needed, then forward to write the program. A tensor that two nodes read is made once, in the box
 * that holds both parts. Undefined where an operator on the way cannot be cut like this.
 */
export function placedShard(
  graph: Graph,
  nodes: readonly Node[],
  outputs: readonly TensorRegion[],
): Shard | undefined {
  const needed = new Map<string, Region>();
  for (const { tensor, region } of outputs) widen(needed, tensor, region);
  const parts: { node: Node; part: Part }[] = [];
  for (const node of nodes.toReversed()) {
    const [output, ...others] = node.outputs;
    // rules make the first output alone
    if (others.some((other) => needed.has(other))) return undefined;
    const region = needed.get(output!);
    if (!region) continue;
    const part = partOf({ graph, node, region });
    if (!part) return undefined;
    part.inputs.forEach((input, at) => {
      if (input) widen(needed, node.inputs[at]!, input);
    });
    parts.unshift({ node, part });
  }
  const made = new Set(parts.map(({ node }) => node.outputs[0]!));
  const inputs = liveInputs(graph, needed, made);
  const builder = new ProgramBuilder(graph);
  for (const { tensor, region } of inputs) builder.hold(tensor, region);
  for (const { node, part } of parts) {
    builder.hold(node.outputs[0]!, needed.get(node.outputs[0]!)!);
    part.emit(builder);
  }
  const names = outputs.map(({ tensor, region }) => builder.take(tensor, region));
  const program = builder.build(
    parts[0]!.node.name,
    inputs.map(({ tensor }) => tensor),
    names,
  );
  return priced(
    inputs,
    program,
    outputs.map((output) => ({ ...output, join: 'place' })),
  );
}

/** The shard that adds up the input channels in `channels` of one layer. */
export function summedShard(graph: Graph, node: Node, region: Region, channels: Range): Shard | undefined {
  const sums = reductionOf({ graph, node, region }, channels);
  if (!sums) return undefined;
  const needed = new Map<string, Region>();
  for (const { inputs } of sums) {
    inputs.forEach((input, at) => {
      if (input) widen(needed, node.inputs[at]!, input);
    });
  }
  const inputs = liveInputs(graph, needed, new Set());
  const builder = new ProgramBuilder(graph);
  for (const { tensor, region } of inputs) builder.hold(tensor, region);
  const names = sums.map((sum) => sum.emit(builder));
  const program = builder.build(
    node.name,
    inputs.map(({ tensor }) => tensor),
    names,
  );
  return priced(
    inputs,
    program,
    sums.map(({ output }) => ({ tensor: node.outputs[0]!, ...output })),
  );
}

function liveInputs(
  graph: Graph,
  needed: ReadonlyMap<string, Region>,
  made: ReadonlySet<string>,
): TensorRegion[] {
  return [...needed]
    .filter(([tensor]) => !made.has(tensor) && !graph.initializers.has(tensor))
    .map(([tensor, region]) => ({ tensor, region }));
}

/** Grows the needed region of a tensor to the box that holds both. */
function widen(needed: Map<string, Region>, tensor: string, region: Region): void {
  const before = needed.get(tensor);
  const box = before?.map(([start, end], axis): Range => {
    const [from, to] = region[axis]!;
    return [Math.min(start, from), Math.max(end, to)];
  });
  needed.set(tensor, box ?? region);
}

/** Completes a shard with what the estimator prices. */
export function priced(inputs: Shard['inputs'], program: Graph, outputs: Shard['outputs']): Shard {
  let macs = 0;
  let filterBytes = 0;
  for (const node of program.nodes) macs += macsOf(program, node);
  for (const constant of program.initializers.values()) filterBytes += constant.byteLength;
  return { inputs, program, outputs, macs, filterBytes };
}
