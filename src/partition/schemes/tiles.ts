import { shardOf } from '../cut.ts';
import { proportionalRanges } from '../ranges.ts';
import type { Run } from '../run.ts';
import { type Assignment, refuse, type Scheme } from '../scheme.ts';
import { madeAlong, SPATIAL, unfitAlong, wholeOutputs } from '../spatial.ts';

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
  };
}

export const tiles = tilesOf();

function cutBands(run: Run, bands: readonly (readonly Tile[])[]): Assignment[] {
  const heights = bands.map((band) => band.reduce((sum, { weight }) => sum + weight, 0));
  return madeAlong(wholeOutputs(run), SPATIAL.rows, heights, (rows, [from, to]) => {
    const band = bands.slice(from, to).flat();
    const widths = band.map(({ weight }) => weight);
    return madeAlong(rows, SPATIAL.columns, widths, (placed, [, end]): Assignment | undefined => {
      const shard = shardOf(run, { placed });
      return shard && { worker: band[end - 1]!.worker, shard };
    });
  })!.flat();
}

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
