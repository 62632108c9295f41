import type { Graph, Node } from '../graph/graph.ts';
import type { Range, Region } from '../tensor/region.ts';
import { ProgramBuilder } from './program-builder.ts';
import { partOf, reductionOf } from './rules/index.ts';
import type { Part } from './rules/rule.ts';
import type { Shard, TensorRegion } from './shard.ts';
import { bytesOfRegion, type NodePart, workOf } from './work.ts';

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
  const work = parts.map(({ node, part }) => ({
    node,
    inputs: part.inputs,
    output: needed.get(node.outputs[0]!)!,
  }));
  const placed = outputs.map((output) => ({ ...output, join: 'place' as const }));
  return priced(graph, work, inputs, program, placed);
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
  const work = sums.map((sum) => ({ node, inputs: sum.inputs, output: sum.output.region }));
  const outputs = sums.map(({ output }) => ({ tensor: node.outputs[0]!, ...output }));
  return priced(graph, work, inputs, program, outputs);
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
export function priced(
  graph: Graph,
  parts: readonly NodePart[],
  inputs: Shard['inputs'],
  program: Graph,
  outputs: Shard['outputs'],
): Shard {
  let filterBytes = 0;
  for (const constant of program.initializers.values()) filterBytes += constant.byteLength;
  const work = workOf(graph, parts);
  const macs = work.reduce((sum, each) => sum + each.macs, 0);
  const bytes = ({ tensor, region }: TensorRegion) => bytesOfRegion(graph, tensor, region);
  const [inputBytes, outputBytes] = [inputs.map(bytes), outputs.map(bytes)];
  return { inputs, program, outputs, macs, filterBytes, work, inputBytes, outputBytes };
}
