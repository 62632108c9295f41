import { headDepth } from '../depth.ts';
import { depthScheme, summedCut } from './depth-scheme.ts';

/**
 * IFM channels split; every shard has all filters' matching input channels, and the OFMs are summed. Activations come
 * after the sum, so they belong to a later stage; the bias goes with the first channels. What precedes the layer rides
 * along where it is channel-local (activations, pooling, Flatten).
 *
 *     IFM channels [0, c/2)  -> filters[:, 0 .. c/2)  -> partial OFM -+
 *     IFM channels [c/2, c)  -> filters[:, c/2 .. c)  -> partial OFM -+-> sum
 */
export const inputDepth = depthScheme('input-depth', (run) => {
  const first = run.nodes[0]!;
  // a Flatten before the layer makes many inputs of one channel, which stay together
  const channels = run.nodes.length > 1 ? run.graph.types.get(first.inputs[0]!)?.shape[1] : undefined;
  const units = channels ?? headDepth(run)?.input ?? 0;
  return summedCut(run, units, { local: true });
});
