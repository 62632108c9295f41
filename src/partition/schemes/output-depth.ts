import { placedShard } from '../cut.ts';
import { depthRegion, followersOf, layerDepth } from '../depth.ts';
import { proportionalRanges } from '../ranges.ts';
import type { Assignment, Scheme } from '../scheme.ts';
import { depthOrThrow, unfitDepth } from './depth-layer.ts';

/**
 * The whole IFM to every shard, filters split by output channel, OFMs placed along the channels. Channel-local
 * followers ride along.
 *
 *     IFM c x h x w  -+-> filters [0, f/2)  -> OFM channels [0, f/2)
 *                     +-> filters [f/2, f)  -> OFM channels [f/2, f)
 */
export const outputDepth: Scheme = {
  name: 'output-depth',
  unfit: (graph, head) => {
    const depth = layerDepth(graph, head);
    return unfitDepth(depth) ?? (depth!.output < 2 ? 'it has one output channel' : undefined);
  },
  stageOf: (graph, head) => [head, ...followersOf(graph, head)],
  cut(graph, nodes, weights) {
    const depth = depthOrThrow(this, graph, nodes);
    const tensor = nodes.at(-1)!.outputs[0]!;
    const { shape } = graph.types.get(tensor)!;
    return proportionalRanges(depth.output, weights).flatMap((range, worker): Assignment[] => {
      if (range[0] === range[1]) return [];
      const region = depthRegion(shape, depth.axis, depth.output, range);
      return [{ worker, shard: placedShard(graph, nodes, [{ tensor, region }])! }];
    });
  },
};
