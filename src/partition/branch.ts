import { type Graph, type Node, writesOf } from '../graph/graph.ts';
import { macsOf } from '../graph/macs.ts';
import { connectedParts } from './connected.ts';
import { jointsOf, type Slot } from './joint.ts';
import type { Run } from './run.ts';
import { type WholeOutput, wholeTensor } from './whole.ts';

/** A part of a run that reads nothing of its other parts. */
export interface Branch {
  readonly nodes: readonly Node[];
  readonly outputs: readonly WholeOutput[];
  readonly macs: number;
}

/** The branches of a run, and its graph with what they make beyond the graph's own tensors. */
export interface Branches {
  readonly graph: Graph;
  readonly all: readonly Branch[];
}

const TOGETHER = 'its nodes hang together: it has no branches';

/**
 * The branches of a run. A Concat at its end is no node of theirs: what it would copy is placed where it would put it.
 *
 *     x -+-> conv 1x1 ------------> a --+
 *        +-> conv 1x1 -> conv 5x5 > b --+-> Concat     a -> channels [0, A) of it, b -> channels [A, A + B)
 */
export function branchesOf(run: Run): Branches | string {
  const { nodes, outputs } = run;
  const joints = jointsOf(run);
  const inOneJoint = joints.some(({ output }) => output === outputs[0]);
  if (outputs.length < 2 && !inOneJoint) return TOGETHER;
  const joining = new Set(joints.flatMap((joint) => joint.nodes));
  const parts = connectedParts(nodes.filter((node) => !joining.has(node)));
  const slots = joints.filter(({ output }) => outputs.includes(output)).flatMap((joint) => joint.slots);
  const made = new Set(parts.flat().flatMap(writesOf));
  const foreign = slots.find(({ from }) => !made.has(from));
  if (foreign) return `its Concat passes on ${foreign.from}, which none of its branches makes`;
  const graph = {
    ...run.graph,
    types: new Map([...run.graph.types, ...slots.flatMap(({ types }) => [...types])]),
  };
  const all = parts.flatMap((part) => branchOf(graph, part, outputs, slots));
  return all.length < 2 ? TOGETHER : { graph, all };
}

/** None where nobody reads what the part makes. */
function branchOf(
  graph: Graph,
  part: readonly Node[],
  outputs: readonly string[],
  slots: readonly Slot[],
): Branch[] {
  const writes = part.flatMap(writesOf);
  const filled = slots.filter(({ from }) => writes.includes(from));
  const leaving = [
    ...writes
      .filter((tensor) => outputs.includes(tensor))
      .map((tensor) => ({ tensor, to: wholeTensor(graph, tensor) })),
    ...filled.map(({ tensor, to }) => ({ tensor, to })),
  ];
  const nodes = [...part, ...filled.flatMap((slot) => slot.nodes)];
  const macs = part.reduce((sum, node) => sum + macsOf(graph, node), 0);
  return leaving.length > 0 ? [{ nodes, outputs: leaving, macs }] : [];
}
