import { inputUnits } from '../depth.ts';
import { depthScheme, summedCut } from './depth-scheme.ts';

/**
 * IFM channels split; every shard has all filters' matching input channels, and the OFMs are summed. Activations come
 * after the sum, so they belong to a later stage; the bias goes with the first channels. What precedes the layer rides
 * along where it is channel-local (activations, pooling, Flatten).
 *
 *     IFM channels [0, c/2)  -> filters[:, 0 .. c/2)  -> partial OFM -+
 *     IFM channels [c/2, c)  -> filters[:, c/2 .. c)  -> partial OFM -+-> sum
 */
export const inputDepth = depthScheme('input-depth', (run) =>
  summedCut(run, inputUnits(run), { local: true }),
);
