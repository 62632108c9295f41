import { numberOf } from '../../graph/attributes.ts';
import { type Range, wholeRegion } from '../../tensor/region.ts';
import { shardOf } from '../cut.ts';
import { headDepth, inputUnits, type LayerDepth, layerDepth, unfitDepthCut } from '../depth.ts';
import { proportionalRanges } from '../ranges.ts';
import type { Run } from '../run.ts';
import { type Assignment, middleOf, refuse, type Scheme } from '../scheme.ts';
import { unitsOf } from '../units.ts';
import type { Goals } from '../walk.ts';
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
    if (inputUnits(run) < 2 || depth.output < 2) return 'it needs two channels at least on each side';
    // a layer alone can be cut anywhere; what dequantises its operands, or moves them, must follow
    return nodes.length === 1 ? undefined : unfitSides(run, depth);
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

/** Why the input channels, or the filters, cannot be cut apart with what lies before the layer; undefined where they can. */
function unfitSides(run: Run, { input, output }: LayerDepth): string | undefined {
  const units = inputUnits(run);
  if (input % units !== 0)
    return `its ${input} input channels do not go with the ${units} channels that are read`;
  const inner = (range: Range) =>
    goalsOf(run, { filters: [0, output], channels: inputsOf(range, input, units) });
  const outer = (range: Range) => goalsOf(run, { filters: range, channels: [0, input] });
  return (
    unfitDepthCut(run, { units, goals: inner, local: true }) ??
    unfitDepthCut(run, { units: output, goals: outer })
  );
}

const inputsOf = ([from, to]: Range, input: number, units: number): Range => [
  (from * input) / units,
  (to * input) / units,
];

/** A worker's range of filters and of channels. */
interface Cell {
  readonly worker: number;
  readonly filters: Range;
  readonly channels: Range;
}

function cellsOf(run: Run, weights: readonly number[]): Cell[] {
  const depth = headDepth(run)!;
  const units = inputUnits(run);
  const columns = columnsOf(weights, { input: units, output: depth.output });
  const load = columns.map((column) => column.reduce((sum, worker) => sum + weights[worker]!, 0));
  return proportionalRanges(depth.output, load).flatMap((filters, at) => {
    if (filters[0] === filters[1]) return [];
    const column = columns[at]!;
    const shares = column.map((worker) => weights[worker]!);
    return proportionalRanges(units, shares).flatMap((range, row): Cell[] => {
      const channels = inputsOf(range, depth.input, units);
      return range[0] === range[1] ? [] : [{ worker: column[row]!, filters, channels }];
    });
  });
}

function madeOf(run: Run, cell: Cell): Assignment {
  return { worker: cell.worker, shard: shardOf(run, goalsOf(run, cell))! };
}

function goalsOf(run: Run, { filters, channels }: Omit<Cell, 'worker'>): Goals {
  const node = run.nodes.at(-1)!;
  const { axis, outputShape } = layerDepth(run.graph, node)!;
  const region = wholeRegion(outputShape).with(axis, filters);
  return { placed: [], sum: { node, region, channels } };
}

/** Workers in pf columns of pi: as many workers as possible with both sides at least 2, then the fewest planes moved. */
function columnsOf(
  weights: readonly number[],
  { input, output }: Pick<LayerDepth, 'input' | 'output'>,
): number[][] {
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
