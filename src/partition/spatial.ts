import type { Range } from '../tensor/region.ts';
import { madeInOrder } from './dealing.ts';
import { proportionalRanges } from './ranges.ts';
import type { Run } from './run.ts';
import type { TensorRegion } from './shard.ts';
import { walkBack } from './walk.ts';
import { wholeTensor } from './whole.ts';

/** The axes of a feature map (NCHW), as users name them. */
export const SPATIAL = { rows: 2, columns: 3 } as const;
export type Spatial = keyof typeof SPATIAL;

export function wholeOutputs({ graph, outputs }: Run): TensorRegion[] {
  return outputs.map((tensor) => wholeTensor(graph, tensor));
}

/**
 * Cuts each of several regions along `axis` in proportion to the weights, so that part i of one feature map lies over
 * part i of another one of a different height, and makes the parts in order.
 *
 *     28 rows  | 0 .. 13 | 14 .. 27 |
 *     14 rows  | 0 ..  6 |  7 .. 13 |
 */
export function madeAlong<T>(
  regions: readonly TensorRegion[],
  axis: number,
  weights: readonly number[],
  make: (part: readonly TensorRegion[], parts: Range) => T | undefined,
): T[] | undefined {
  const cuts = rangesAlong(regions, axis, weights);
  const busy = weights.flatMap((_, at) => (cuts.some((cut) => cut[at]![0] < cut[at]![1]) ? [at] : []));
  return madeInOrder(busy.length, (from, to) => {
    const [first, last] = [busy[from]!, busy[to - 1]!];
    return make(partBetween(regions, axis, cuts, first, last), [first, last + 1]);
  });
}

/** Part `at` of those that `madeAlong` cuts: empty where it gets nothing. */
export function partAlong(
  regions: readonly TensorRegion[],
  axis: number,
  weights: readonly number[],
  at: number,
): TensorRegion[] {
  return partBetween(regions, axis, rangesAlong(regions, axis, weights), at, at);
}

/** By region and weight. */
export function rangesAlong(
  regions: readonly TensorRegion[],
  axis: number,
  weights: readonly number[],
): Range[][] {
  return regions.map(({ region }) => {
    const [start, end] = region[axis]!;
    return proportionalRanges(end - start, weights).map(([a, b]): Range => [start + a, start + b]);
  });
}

export function partBetween(
  regions: readonly TensorRegion[],
  axis: number,
  cuts: readonly (readonly Range[])[],
  first: number,
  last: number,
): TensorRegion[] {
  const parts: TensorRegion[] = [];
  for (let at = 0; at < regions.length; at += 1) {
    const { tensor, region } = regions[at]!;
    const range: Range = [cuts[at]![first]![0], cuts[at]![last]![1]];
    if (range[0] < range[1]) parts.push({ tensor, region: region.with(axis, range) });
  }
  return parts;
}

/** By run: strips and tiles ask the same. */
const REASONS = new WeakMap<Run, Map<Spatial, string | undefined>>();

/** Why the run's outputs cannot be made in two halves along the axis; undefined where they can. */
export function unfitAlong(run: Run, name: Spatial): string | undefined {
  let known = REASONS.get(run);
  if (!known) {
    known = new Map();
    REASONS.set(run, known);
  }
  if (!known.has(name)) known.set(name, reasonAgainst(run, name));
  return known.get(name);
}

function reasonAgainst(run: Run, name: Spatial): string | undefined {
  const axis = SPATIAL[name];
  const { graph, outputs } = run;
  if (outputs.length === 0) return 'nothing reads what it makes';
  for (const tensor of outputs) {
    const shape = graph.types.get(tensor)?.shape;
    if (!shape || shape.includes(0)) return `the shape of ${tensor} is not known or empty`;
    if (shape.length <= axis) return `its output ${tensor} has no ${name}`;
  }
  const regions = wholeOutputs(run);
  if (regions.every(({ region }) => region[axis]![1] < 2)) return `its outputs have one of the ${name} only`;
  let reason: string | undefined;
  const halves = madeAlong(regions, axis, [1, 1], (placed) => {
    const { stuck } = walkBack(run, { placed });
    if (stuck) reason = `${stuck.name} (${stuck.op}) cannot be cut along its ${name}`;
    return stuck ? undefined : true;
  });
  return halves?.length === 2 ? undefined : (reason ?? `it cannot be cut along its ${name}`);
}
