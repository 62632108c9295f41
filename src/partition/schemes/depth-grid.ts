import { numberOf } from '../../graph/attributes.ts';
import { type Range, wholeRegion } from '../../tensor/region.ts';
import { shardOf } from '../cut.ts';
import { headDepth, type LayerDepth, layerDepth } from '../depth.ts';
import { proportionalRanges } from '../ranges.ts';
import type { Run } from '../run.ts';
import { type Assignment, middleOf, refuse, type Scheme } from '../scheme.ts';
import { unitsOf } from '../units.ts';
import { notALayer, notSummed } from './depth-scheme.ts';

/**
 * Both depths at once: pi x pf shards, summed over pi, placed over pf. It moves c*pf + f*pi planes, less than
 * output-depth (c*n) or input-depth (f*n) alone.
 *
 *               filters f0   filters f1
 *     IFM c0      s00          s01        OFM[f0] = s00 + s10
 *     IFM c1      s10          s11        OFM[f1] = s01 + s11
 */
export const depthGrid: Scheme = {
  name: 'depth-grid',
  unfit(run) {
    const { core: node, nodes } = unitsOf(run.graph).of(run.nodes[0]!);
    if (run.nodes.length > nodes.length)
      return 'it has several nodes: what follows the layer needs its whole sum';
    const depth = layerDepth(run.graph, node);
    if (!depth) return notALayer(run, 'first');
    const quantised = notSummed(run, node, depth);
    if (quantised) return quantised;
    if (run.outputs.length === 0) return `nothing reads ${node.outputs[0]}`;
    if (numberOf(node, 'group', 1) > 1)
      return 'it has groups, which are apart already: output-depth moves less';
    return depth.input < 2 || depth.output < 2 ? 'it needs two channels at least on each side' : undefined;
  },
  cut(run, weights) {
    refuse(this.name, run, this.unfit(run));
    return cellsOf(run, weights).map((cell) => madeOf(run, cell));
  },
  sample(run, weights) {
    const cells = cellsOf(run, weights);
    return madeOf(run, cells[middleOf(cells.length)]!);
  },
};

/** A worker's range of filters and of channels. */
interface Cell {
  readonly worker: number;
  readonly filters: Range;
  readonly channels: Range;
}

function cellsOf(run: Run, weights: readonly number[]): Cell[] {
  const depth = headDepth(run)!;
  const columns = columnsOf(weights, depth);
  const load = columns.map((column) => column.reduce((sum, worker) => sum + weights[worker]!, 0));
  return proportionalRanges(depth.output, load).flatMap((filters, at) => {
    if (filters[0] === filters[1]) return [];
    const column = columns[at]!;
    const shares = column.map((worker) => weights[worker]!);
    return proportionalRanges(depth.input, shares).flatMap((channels, row): Cell[] =>
      channels[0] === channels[1] ? [] : [{ worker: column[row]!, filters, channels }],
    );
  });
}

function madeOf(run: Run, { worker, filters, channels }: Cell): Assignment {
  const node = run.nodes.at(-1)!;
  const { axis, outputShape } = layerDepth(run.graph, node)!;
  const region = wholeRegion(outputShape).with(axis, filters);
  return { worker, shard: shardOf(run, { placed: [], sum: { node, region, channels } })! };
}

/** Workers in pf columns of pi: as many workers as possible with both sides at least 2, then the fewest planes moved. */
function columnsOf(weights: readonly number[], { input, output }: LayerDepth): number[][] {
  const n = weights.length;
  let best = { pi: Math.min(n, 1), pf: n, used: n < 4 ? n : 0, planes: Number.POSITIVE_INFINITY };
  for (let pi = 2; pi <= Math.min(n / 2, input); pi += 1) {
    const pf = Math.min(Math.floor(n / pi), output);
    const used = pi * pf;
    const planes = input * pf + output * pi;
    if (pf >= 2 && (used > best.used || (used === best.used && planes < best.planes)))
      best = { pi, pf, used, planes };
  }
  return Array.from({ length: best.pf }, (_, column) =>
    Array.from({ length: best.pi }, (_, row) => column * best.pi + row),
  );
}
