import { axisOf, numberOf } from '../graph/attributes.ts';
import { type Graph, knownTypeOf, type Node, readsOf, writesOf } from '../graph/graph.ts';
import { macsOf } from '../graph/macs.ts';
import { axisRegion, type Range } from '../tensor/region.ts';
import { connectedParts } from './connected.ts';
import type { Run } from './run.ts';
import type { TensorRegion } from './shard.ts';
import { type WholeOutput, wholeTensor } from './whole.ts';

/** A part of a run that reads nothing of its other parts. */
export interface Branch {
  readonly nodes: readonly Node[];
  readonly outputs: readonly WholeOutput[];
  readonly macs: number;
}

const TOGETHER = 'its nodes hang together: it has no branches';

/** A place in the output of a Concat, and the tensor that goes there. */
interface Slot {
  readonly tensor: string;
  readonly to: TensorRegion;
}

/**
 * The branches of a run. A Concat at its end is no node of theirs: what it would copy is placed where it would put it.
 *
 *     x -+-> conv 1x1 ------------> a --+
 *        +-> conv 1x1 -> conv 5x5 > b --+-> Concat     a -> channels [0, A) of it, b -> channels [A, A + B)
 */
export function branchesOf({ graph, nodes, outputs }: Run): Branch[] | string {
  const inOneConcat = nodes.some(({ op, outputs: [made] }) => op === 'Concat' && made === outputs[0]);
  if (outputs.length < 2 && !inOneConcat) return TOGETHER;
  const read = new Set(nodes.flatMap(readsOf));
  const joints = nodes.filter(
    (node) => node.op === 'Concat' && node.domain === '' && !read.has(node.outputs[0]!),
  );
  const parts = connectedParts(nodes.filter((node) => !joints.includes(node)));
  const slots = joints
    .filter((joint) => outputs.includes(joint.outputs[0]!))
    .flatMap((joint) => slotsOf(graph, joint));
  const made = new Set(parts.flat().flatMap(writesOf));
  const foreign = slots.find(({ tensor }) => !made.has(tensor));
  if (foreign) return `its Concat passes on ${foreign.tensor}, which none of its branches makes`;
  const branches = parts.flatMap((part) => {
    const writes = part.flatMap(writesOf);
    const own = writes.filter((tensor) => outputs.includes(tensor));
    const leaving = [
      ...own.map((tensor) => ({ tensor, to: wholeTensor(graph, tensor) })),
      ...slots.filter(({ tensor }) => writes.includes(tensor)),
    ];
    const macs = part.reduce((sum, node) => sum + macsOf(graph, node), 0);
    return leaving.length > 0 ? [{ nodes: part, outputs: leaving, macs }] : [];
  });
  return branches.length < 2 ? TOGETHER : branches;
}

function slotsOf(graph: Graph, concat: Node): Slot[] {
  const tensor = concat.outputs[0]!;
  const { shape } = knownTypeOf(graph.types, tensor);
  const axis = axisOf(numberOf(concat, 'axis', 1), shape.length);
  let end = 0;
  return concat.inputs.map((input) => {
    const range: Range = [end, end + knownTypeOf(graph.types, input).shape[axis]!];
    end = range[1];
    return { tensor: input, to: { tensor, region: axisRegion(shape, axis, range) } };
  });
}
