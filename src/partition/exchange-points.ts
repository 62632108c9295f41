import type { Node } from '../graph/graph.ts';
import { type Range, type Region, regionSize } from '../tensor/region.ts';
import type { ChainPoint } from './chain.ts';
import type { Run } from './run.ts';
import type { Rates } from './scheme.ts';
import type { TensorRegion } from './shard.ts';
import { SPATIAL } from './spatial.ts';
import { walkBack } from './walk.ts';
import { bytesOfRegion, workOf } from './work.ts';

/** What a shard makes where it may begin a new leg, and at the end of the run. */
export interface Goal {
  /** Of the first node behind it; the number of nodes at the end. */
  readonly at: number;
  readonly placed: readonly TensorRegion[];
}

/** The best way known to reach a goal: where its last leg begins (undefined: at the run's beginning), and the seconds of all. */
interface Reached {
  readonly from: number | undefined;
  readonly seconds: number;
}

/**
 * Which of the points are worth an exchange, by what a shard in the middle would take: from each point on, it either
 * makes more rows than its own, or waits for those of its neighbours. The cheapest chain of legs, by dynamic
 * programming; `goals` belong to the points in order, and the last one to the end of the run.
 *
 *     start ----------------> end      fused: the halo is computed by both
 *     start ---> p1 --> p3 -> end      two exchanges, each of a message or more and of the rows between
 */
export function exchangePoints(
  run: Run,
  points: readonly ChainPoint[],
  goals: readonly Goal[],
  rates: Rates,
): ChainPoint[] {
  const reached: Reached[] = [];
  for (const goal of goals) {
    const leg = legInto(run, goal, rates);
    let best: Reached = { from: undefined, seconds: leg ? leg.fromStart : Infinity };
    for (let from = 0; leg && from < reached.length; from += 1) {
      const { at, tensor } = points[from]!;
      const need = leg.needed.get(tensor);
      if (!need || reached[from]!.seconds === Infinity) continue;
      const exchange = exchangeSeconds(run, goals[from]!.placed[0]!, need, rates);
      const seconds = reached[from]!.seconds + exchange + leg.secondsFrom(at);
      if (seconds < best.seconds) best = { from, seconds };
    }
    reached.push(best);
  }
  const chosen: ChainPoint[] = [];
  for (let { from } = reached.at(-1)!; from !== undefined; { from } = reached[from]!)
    chosen.unshift(points[from]!);
  return chosen;
}

/** One walk back from a goal tells what every leg takes that ends there, wherever it begins. */
function legInto({ graph, nodes }: Run, { at, placed }: Goal, rates: Rates) {
  const { steps, needed, stuck } = walkBack({ graph, nodes: nodes.slice(0, at) }, { placed });
  if (stuck) return undefined;
  const work = workOf(steps);
  const secondsOf = new Map<Node, number>(steps.map(({ node }, step) => [node, rates.node(work[step]!)]));
  const behind = new Float64Array(at + 1);
  for (let position = at - 1; position >= 0; position -= 1)
    behind[position] = behind[position + 1]! + (secondsOf.get(nodes[position]!) ?? 0);
  const made = new Set(steps.map(({ node }) => node.outputs[0]!));
  let inputBytes = 0;
  for (const [tensor, region] of needed)
    if (!made.has(tensor)) inputBytes += bytesOfRegion(graph, tensor, region);
  return {
    needed,
    secondsFrom: (position: number) => rates.run + behind[position]!,
    fromStart: rates.run + behind[0]! + inputBytes * rates.inputByte,
  };
}

/** Of the region that a leg needs, all that is not the shard's own comes from others, above and below. */
function exchangeSeconds({ graph }: Run, own: TensorRegion, need: Region, rates: Rates): number {
  const [from, to] = own.region[SPATIAL.rows]!;
  const [start, end] = need[SPATIAL.rows]!;
  const rowBytes = bytesOfRegion(graph, own.tensor, need) / Math.max(1, end - start);
  const above = Math.max(0, Math.min(from, end) - start);
  const below = Math.max(0, end - Math.max(to, start));
  const messages = (above > 0 ? 1 : 0) + (below > 0 ? 1 : 0);
  const keptRows = end - start - above - below;
  return (
    messages * rates.message +
    (above + below) * rowBytes * rates.byte +
    keptRows * rowBytes * rates.copiedByte
  );
}

/** Cuts [0, extent) at the whole numbers next to where the weights say, so that maps of all heights are cut at about the same places. */
export function lines(extent: number, weights: readonly number[]): Range[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  let start = 0;
  return weights.map((weight, at): Range => {
    sum += weight;
    const end = at === weights.length - 1 ? extent : Math.round((extent * sum) / total);
    const range: Range = [start, Math.max(start, end)];
    start = range[1];
    return range;
  });
}

/** The part that lies in both; undefined where there is none. */
export function common(a: Region, b: Region): Region | undefined {
  const region = a.map(([start, end], axis): Range => {
    const [from, to] = b[axis]!;
    return [Math.max(start, from), Math.min(end, to)];
  });
  return region.every(([start, end]) => start < end) && regionSize(region) > 0 ? region : undefined;
}
