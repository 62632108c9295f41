import { wholeRegion } from '../../tensor/region.ts';
import { summedShard } from '../cut.ts';
import { layerDepth } from '../depth.ts';
import { proportionalRanges } from '../ranges.ts';
import type { Assignment, Scheme } from '../scheme.ts';
import { depthOrThrow, unfitDepth } from './depth-layer.ts';

/**
 * IFM channels split; every shard has all filters' matching input channels, and the OFMs are summed. Activations come
 * after the sum, so they belong to a later stage; the bias goes with the first channels.
 *
 *     IFM channels [0, c/2)  -> filters[:, 0 .. c/2)  -> partial OFM -+
 *     IFM channels [c/2, c)  -> filters[:, c/2 .. c)  -> partial OFM -+-> sum
 */
export const inputDepth: Scheme = {
  name: 'input-depth',
  unfit: (graph, head) => {
    const depth = layerDepth(graph, head);
    return unfitDepth(depth) ?? (depth!.input < 2 ? 'it has one input channel' : undefined);
  },
  stageOf: (_, head) => [head],
  cut(graph, nodes, weights) {
    const depth = depthOrThrow(this, graph, nodes);
    const region = wholeRegion(depth.outputShape);
    return proportionalRanges(depth.input, weights).flatMap((range, worker): Assignment[] =>
      range[0] === range[1] ? [] : [{ worker, shard: summedShard(graph, nodes[0]!, region, range)! }],
    );
  },
};
