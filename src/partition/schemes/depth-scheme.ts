import type { Node } from '../../graph/graph.ts';
import { wholeRegion } from '../../tensor/region.ts';
import { shardOf } from '../cut.ts';
import { dealt } from '../dealing.ts';
import {
  type DepthCut,
  depthRegion,
  type LayerDepth,
  layerDepth,
  unevenDepth,
  unfitDepthCut,
} from '../depth.ts';
import { proportionalRanges } from '../ranges.ts';
import type { Run } from '../run.ts';
import { type Assignment, middleOf, refuse, type Scheme } from '../scheme.ts';
import type { TensorRegion } from '../shard.ts';
import { unitsOf } from '../units.ts';

/** A scheme that cuts runs along their depth as `cutOf` says; a text says why a run cannot be cut. */
export function depthScheme(name: string, cutOf: (run: Run) => DepthCut | string): Scheme {
  return {
    name,
    unfit(run) {
      const cut = cutOf(run);
      return typeof cut === 'string' ? cut : unfitDepthCut(run, cut);
    },
    cut(run, weights) {
      refuse(name, run, this.unfit(run));
      const cut = cutOf(run) as DepthCut;
      const ranges = proportionalRanges(cut.units, weights);
      return dealt(ranges, (range, worker): Assignment | undefined => {
        const shard = shardOf(run, cut.goals(range));
        return shard && { worker, shard };
      })!;
    },
    sample(run, weights) {
      const cut = cutOf(run) as DepthCut;
      const worker = middleOf(weights.length);
      const range = proportionalRanges(cut.units, weights)[worker]!;
      const shard = range[0] < range[1] ? shardOf(run, cut.goals(range)) : undefined;
      return shard && { worker, shard };
    },
  };
}

export function notALayer(run: Run, at: 'first' | 'last'): string {
  const { name, op } = at === 'first' ? run.nodes[0]! : run.nodes.at(-1)!;
  return `its ${at} node ${name} is a ${op}, not a Conv, ConvTranspose, Gemm or MatMul over float32 or quantised tensors of known shape`;
}

/** Why ranges of the input channels of a layer do not add up; undefined where they do. */
export function notSummed({ nodes }: Run, layer: Node, { sums }: LayerDepth): string | undefined {
  if (sums && nodes.at(-1) === layer) return undefined;
  return `what ${layer.name} gives is quantised, and parts of its sum would be rounded one by one: output-depth cuts it`;
}

/** The regions of `tensors` under ranges of `units`, whose channels lie on `axis`; a text where one has none. */
export function placedDepth(
  run: Run,
  tensors: readonly string[],
  axis: number,
  units: number,
): ((range: readonly [number, number]) => TensorRegion[]) | string {
  const shapes = tensors.map((tensor) => run.graph.types.get(tensor)?.shape ?? []);
  for (const tensor of tensors) {
    const uneven = unevenDepth(run.graph, tensor, axis, units);
    if (uneven) return uneven;
  }
  return (range) =>
    tensors.map((tensor, at) => ({ tensor, region: depthRegion(shapes[at]!, axis, units, range) }));
}

/**
 * The cut of a run that ends in a layer whose input depth is summed; `units` of channels come to it. What else leaves
 * the run is placed.
 */
export function summedCut(run: Run, units: number, options: { local: boolean }): DepthCut | string {
  const node = run.nodes.at(-1)!;
  const { core } = unitsOf(run.graph).of(node);
  const layer = layerDepth(run.graph, core);
  if (!layer) return notALayer(run, 'last');
  const quantised = notSummed(run, core, layer);
  if (quantised) return quantised;
  if (units < 2) return `${node.name} has one input channel`;
  const sum = node.outputs[0]!;
  if (!run.outputs.includes(sum)) return `nothing reads ${sum}, the sum in which it ends`;
  if (layer.input % units !== 0)
    return `the ${layer.input} input channels of ${node.name} do not go with the ${units} channels that are cut`;
  const others = run.outputs.filter((tensor) => tensor !== sum);
  const placed = placedDepth(run, others, 1, units);
  if (typeof placed === 'string') return placed;
  const factor = layer.input / units;
  const region = wholeRegion(layer.outputShape);
  return {
    ...options,
    units,
    goals: (range) => ({
      placed: placed(range),
      sum: { node, region, channels: [range[0] * factor, range[1] * factor] },
    }),
  };
}
