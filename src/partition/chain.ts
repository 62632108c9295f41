import { readsOf, writesOf } from '../graph/graph.ts';
import { ACTIVATIONS } from '../graph/operators/elementwise.ts';
import type { Run } from './run.ts';
import { SPATIAL } from './spatial.ts';
import { unitsOf } from './units.ts';

/** A place between two nodes of a run where a single live tensor crosses. */
export interface ChainPoint {
  /** Of the first node behind it, in the run. */
  readonly at: number;
  readonly tensor: string;
}

const KNOWN = new WeakMap<Run, readonly ChainPoint[]>();

/**
 * Where all that the nodes behind need of the nodes before, and of the run's inputs, is one feature map. Around the
 * branches of a block there is none, between two blocks there is. Never before an activation, which engines fuse with
 * the layer before it.
 */
export function chainPoints(run: Run): readonly ChainPoint[] {
  let points = KNOWN.get(run);
  if (!points) {
    points = found(run);
    KNOWN.set(run, points);
  }
  return points;
}

function found({ graph, nodes, outputs }: Run): ChainPoint[] {
  const lastRead = new Map<string, number>();
  nodes.forEach((node, at) => {
    for (const tensor of readsOf(node)) if (!graph.initializers.has(tensor)) lastRead.set(tensor, at);
  });
  for (const tensor of outputs) lastRead.set(tensor, nodes.length);
  const made = new Set(nodes.flatMap(writesOf));
  const live = new Set([...lastRead.keys()].filter((tensor) => !made.has(tensor)));
  const { inner } = unitsOf(graph);
  const points: ChainPoint[] = [];
  nodes.forEach((node, at) => {
    const [tensor] = live;
    if (at > 0 && live.size === 1 && !ACTIVATIONS.has(node.op)) {
      const isMap = (graph.types.get(tensor!)?.shape.length ?? 0) > SPATIAL.rows;
      if (isMap && made.has(tensor!) && !inner.has(tensor!)) points.push({ at, tensor: tensor! });
    }
    for (const tensor of readsOf(node)) if (lastRead.get(tensor) === at) live.delete(tensor);
    for (const tensor of writesOf(node)) if (lastRead.has(tensor)) live.add(tensor);
  });
  return points;
}
