import { knownTypeOf } from '../../graph/graph.ts';
import { axisRegion } from '../../tensor/region.ts';
import { type ChainPoint, chainPoints } from '../chain.ts';
import { exchangePoints, type Goal, lines } from '../exchange-points.ts';
import { legShards } from '../leg-shard.ts';
import type { Run } from '../run.ts';
import { middleOf, type Rates, refuse, type Scheme } from '../scheme.ts';
import type { TensorRegion } from '../shard.ts';
import { SPATIAL, unfitAlong } from '../spatial.ts';
import { rows } from './rows.ts';

/** Of no device in particular, where nobody told: a board of 15 GFLOP/s on a cable of 100 Mbit/s. */
const ASSUMED: Rates = {
  node: ({ macs, bytes, filterBytes }) => Math.max(macs * 1.3e-10, (bytes + filterBytes) * 2e-10),
  run: 3e-4,
  inputByte: 9e-8,
  message: 1.5e-3,
  byte: 1.7e-7,
  copiedByte: 6e-10,
};

/**
 * Rows of a fused run, whose workers keep what they make and exchange the rows that both neighbours need, wherever that
 * is cheaper than computing them twice. Where it is nowhere, it is `rows`.
 *
 *     conv1, conv2      |   a    |   b    |   c    |    what they make stays there
 *                             <-->     <-->             a few rows go to the neighbour
 *     conv3, conv4      |   a    |   b    |   c    |
 */
export const rowsExchange: Scheme = {
  name: 'rows-exchange',
  unfit(run) {
    if (run.outputs.length > 1) return 'it has several outputs';
    if (chainPoints(run).length === 0)
      return 'there is no place within it where one feature map crosses alone';
    return unfitAlong(run, 'rows');
  },
  cut(run, weights, rates = ASSUMED) {
    refuse(this.name, run, this.unfit(run));
    const strips = stripsOf(run, weights);
    const points = pointsFor(run, strips, rates);
    const goals = strips.map((_, at) => goalsOf(run, strips, points, at));
    const shards = points.length > 0 ? legShards(run, points, goals) : undefined;
    return shards
      ? shards.map((shard, at) => ({ worker: strips[at]!.worker, shard }))
      : rows.cut(run, weights);
  },
  // as if its neighbours had sent their pieces long before
  sample(run, weights, rates = ASSUMED) {
    const strips = stripsOf(run, weights);
    const points = pointsFor(run, strips, rates);
    const middle = middleOf(strips.length);
    const goals = [goalsOf(run, strips, points, middle)];
    const [shard] = (points.length > 0 && legShards(run, points, goals)) || [];
    return shard ? { worker: strips[middle]!.worker, shard } : rows.sample!(run, weights);
  },
};

/** Rows of the run's output. */
interface Strip {
  readonly worker: number;
  readonly weight: number;
  readonly placed: readonly TensorRegion[];
}

/** Workers without a row get nothing. */
function stripsOf({ graph, outputs }: Run, weights: readonly number[]): Strip[] {
  const [tensor] = outputs as [string];
  const { shape } = knownTypeOf(graph.types, tensor);
  const able = weights.some((weight) => weight > 0) ? weights : weights.map(() => 1);
  return lines(shape[SPATIAL.rows]!, able).flatMap((range, worker) => {
    const region = axisRegion(shape, SPATIAL.rows, range);
    return range[0] < range[1] ? [{ worker, weight: able[worker]!, placed: [{ tensor, region }] }] : [];
  });
}

/** Only places where every shard has a row of its own come into question. */
function pointsFor(run: Run, strips: readonly Strip[], rates: Rates): readonly ChainPoint[] {
  if (strips.length < 2) return [];
  // a cut is asked for right after its sample
  const key = strips.map(({ placed, weight }) => `${placed[0]!.region[SPATIAL.rows]}:${weight}`).join();
  const last = LAST_POINTS.get(run);
  if (last?.key === key && last.rates === rates) return last.points;
  const points = pointsChosen(run, strips, rates);
  LAST_POINTS.set(run, { key, rates, points });
  return points;
}

const LAST_POINTS = new WeakMap<
  Run,
  { readonly key: string; readonly rates: Rates; readonly points: readonly ChainPoint[] }
>();

function pointsChosen(run: Run, strips: readonly Strip[], rates: Rates): ChainPoint[] {
  const points = chainPoints(run).filter((point) =>
    rangesAt(run, strips, point).every(([start, end]) => start < end),
  );
  const middle = middleOf(strips.length);
  const goals = points.map((point) => goalAt(run, strips, point, middle));
  return exchangePoints(run, points, [...goals, endOf(run, strips[middle]!)], rates);
}

/** What strip `at` makes at each of the points, and in the end. */
function goalsOf(run: Run, strips: readonly Strip[], points: readonly ChainPoint[], at: number): Goal[] {
  return [...points.map((point) => goalAt(run, strips, point, at)), endOf(run, strips[at]!)];
}

function goalAt(run: Run, strips: readonly Strip[], point: ChainPoint, at: number): Goal {
  const { shape } = knownTypeOf(run.graph.types, point.tensor);
  const range = rangesAt(run, strips, point)[at]!;
  return {
    at: point.at,
    placed: [{ tensor: point.tensor, region: axisRegion(shape, SPATIAL.rows, range) }],
  };
}

function rangesAt({ graph }: Run, strips: readonly Strip[], { tensor }: ChainPoint) {
  return lines(
    knownTypeOf(graph.types, tensor).shape[SPATIAL.rows]!,
    strips.map(({ weight }) => weight),
  );
}

const endOf = ({ nodes }: Run, { placed }: Strip): Goal => ({ at: nodes.length, placed });
