import { shardOf } from '../cut.ts';
import { madeOnce, placesOf } from '../likes.ts';
import { proportionalRanges } from '../ranges.ts';
import type { Run } from '../run.ts';
import { type Assignment, middleOf, refuse, type Scheme } from '../scheme.ts';
import {
  madeAlong,
  partAlong,
  partBetween,
  rangesAlong,
  SPATIAL,
  unfitAlong,
  wholeOutputs,
} from '../spatial.ts';

/** So many tiles below one another and side by side. */
export interface Grid {
  readonly rows: number;
  readonly columns: number;
}

/** A tile's worker and its share of its band. */
interface Tile {
  readonly worker: number;
  readonly weight: number;
}

/**
 * A grid over the feature map, over a layer or a fused run of layers; for many workers its halo is smaller than that of
 * strips. Without `grid`, bands as nearly square as the number of workers allows, each band as high and each tile as
 * wide as the capacities say. With `grid`, equal tiles, dealt out in proportion to the capacities: a worker may get
 * several of them, or none.
 *
 *     5 workers            +----+---+----+
 *                          | w0 | w1| w2 |
 *                          +----+-+-+----+
 *                          |  w3  |  w4  |
 *                          +------+------+
 */
export function tilesOf(grid?: Grid): Scheme {
  return {
    name: 'tiles',
    unfit: (run) => unfitAlong(run, 'rows') ?? unfitAlong(run, 'columns'),
    cut(run, weights) {
      refuse(this.name, run, this.unfit(run));
      return cutBands(run, grid ? dealtBands(grid, weights) : squareBands(weights));
    },
    ...(grid ? {} : { sample: sampleTile, rough: roughTiles }),
  };
}

export const tiles = tilesOf();

function cutBands(run: Run, bands: readonly (readonly Tile[])[]): Assignment[] {
  return madeAlong(wholeOutputs(run), SPATIAL.rows, bands.map(weightOf), (rows, [from, to]) => {
    const band = bands.slice(from, to).flat();
    const widths = band.map(({ weight }) => weight);
    return madeAlong(rows, SPATIAL.columns, widths, (placed, [, end]): Assignment | undefined => {
      const shard = shardOf(run, { placed });
      return shard && { worker: band[end - 1]!.worker, shard };
    });
  })!.flat();
}

function sampleTile(run: Run, weights: readonly number[]): Assignment | undefined {
  const bands = squareBands(weights);
  const band = bands[middleOf(bands.length)]!;
  const at = middleOf(band.length);
  const rows = partAlong(wholeOutputs(run), SPATIAL.rows, bands.map(weightOf), middleOf(bands.length));
  const widths = band.map(({ weight }) => weight);
  const placed = partAlong(rows, SPATIAL.columns, widths, at);
  const shard = placed.length > 0 ? shardOf(run, { placed }) : undefined;
  return shard && { worker: band[at]!.worker, shard };
}

function roughTiles(run: Run, weights: readonly number[]): Assignment[] {
  const bands = squareBands(weights);
  const regions = wholeOutputs(run);
  const down = rangesAlong(regions, SPATIAL.rows, bands.map(weightOf));
  const downPlaces = placesOf(down);
  const all = bands.flatMap((band, at) => {
    const rows = partBetween(regions, SPATIAL.rows, down, at, at);
    if (rows.length === 0) return [];
    const across = rangesAlong(
      rows,
      SPATIAL.columns,
      band.map(({ weight }) => weight),
    );
    const places = placesOf(across);
    return band.map(({ worker }, column) => ({
      worker,
      rows,
      across,
      column,
      place: placeOf(downPlaces[at], places[column]),
    }));
  });
  const made = madeOnce(
    all.map(({ place }) => place),
    (number) => {
      const { rows, across, column } = all[number]!;
      return shardOf(run, { placed: partBetween(rows, SPATIAL.columns, across, column, column) });
    },
  );
  return made.map(({ worker, shard }) => ({ worker: all[worker]!.worker, shard }));
}

const placeOf = (down?: string, across?: string) => across && `${down} ${across}`;

const weightOf = (band: readonly Tile[]) => band.reduce((sum, { weight }) => sum + weight, 0);

function squareBands(weights: readonly number[]): Tile[][] {
  const tilesOfWorkers = weights.flatMap((weight, worker) => (weight > 0 ? [{ worker, weight }] : []));
  const all =
    tilesOfWorkers.length > 0 ? tilesOfWorkers : weights.map((_, worker) => ({ worker, weight: 1 }));
  const count = Math.max(1, Math.round(Math.sqrt(all.length)));
  const equal = new Array<number>(count).fill(1);
  return proportionalRanges(all.length, equal).map(([start, end]) => all.slice(start, end));
}

function dealtBands({ rows, columns }: Grid, weights: readonly number[]): Tile[][] {
  const workers = proportionalRanges(rows * columns, weights).flatMap(([start, end], worker) =>
    new Array<number>(end - start).fill(worker),
  );
  return Array.from({ length: rows }, (_, row) =>
    workers.slice(row * columns, (row + 1) * columns).map((worker) => ({ worker, weight: 1 })),
  );
}
