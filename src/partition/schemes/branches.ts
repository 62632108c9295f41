import type { Graph } from '../../graph/graph.ts';
import { type Branch, type Branches, branchesOf } from '../branch.ts';
import type { Run } from '../run.ts';
import { refuse, type Scheme } from '../scheme.ts';
import { wholeShard } from '../whole.ts';
import { replica } from './replica.ts';

/**
 * Independent branches of a run (an Inception block) on different workers. Nothing is computed twice and no layer is
 * cut, but the longest branch bounds what can be won. The longest goes first, each to the worker that would have done
 * its share the earliest (LPT); a worker has one shard, however many branches it got.
 */
export const branches: Scheme = {
  name: 'branches',
  unfit(run) {
    const unknown = replica.unfit(run);
    if (unknown) return unknown;
    const found = branchesOf(run);
    return typeof found === 'string' ? found : undefined;
  },
  cut(run, weights) {
    refuse(this.name, run, this.unfit(run));
    const { graph, all } = branchesOf(run) as Branches;
    return balanced(all, weights).flatMap((share, worker) =>
      share.length > 0 ? [{ worker, shard: shardOf(graph, run, share) }] : [],
    );
  },
};

/** The nodes of the run in its order, then those that make what a Concat of quantised operands would. */
function shardOf(graph: Graph, { nodes }: Run, share: readonly Branch[]) {
  const inside = new Set(share.flatMap((branch) => branch.nodes));
  const own = nodes.filter((node) => inside.has(node));
  const added = [...inside].filter((node) => !nodes.includes(node));
  const outputs = share.flatMap((branch) => branch.outputs);
  return wholeShard(graph, [...own, ...added], outputs);
}

/** The branches of each worker: the longest first, to the one that ends first with it; ties go to the earlier. */
function balanced(found: readonly Branch[], weights: readonly number[]): Branch[][] {
  const able = weights.some((weight) => weight > 0) ? weights : weights.map(() => 1);
  const shares = able.map((): Branch[] => []);
  const loads = able.map(() => 0);
  for (const branch of found.toSorted((a, b) => b.macs - a.macs)) {
    // a branch without arithmetic (pooling) is work all the same
    const work = Math.max(1, branch.macs);
    const ends = able.map((weight, at) =>
      weight > 0 ? (loads[at]! + work) / weight : Number.POSITIVE_INFINITY,
    );
    const chosen = ends.indexOf(Math.min(...ends));
    shares[chosen]!.push(branch);
    loads[chosen]! += work;
  }
  return shares;
}
