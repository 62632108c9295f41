import { numberOf } from '../../graph/attributes.ts';
import { headDepth, layerDepth } from '../depth.ts';
import { unitsOf } from '../units.ts';
import { depthScheme, notALayer, summedCut } from './depth-scheme.ts';

/**
 * Output depth of the first layer, then input depth of the last: the channels that a worker makes of A are the ones that
 * it adds up for B, so nothing is gathered between. What lies between must be channel-local. B's bias goes with the
 * first channels.
 *
 *     IFM -+-> A's filters [0, f/2)  -> channels [0, f/2)  -> B's filters[:, 0 .. f/2)  -> partial OFM -+
 *          +-> A's filters [f/2, f)  -> channels [f/2, f)  -> B's filters[:, f/2 .. f)  -> partial OFM -+-> sum
 */
export const depthChain = depthScheme('depth-chain', (run) => {
  if (unitsOf(run.graph).of(run.nodes[0]!).nodes.length === run.nodes.length)
    return 'it is a single node, and a chain needs two layers';
  const first = headDepth(run);
  if (!first) return notALayer(run, 'first');
  const last = run.nodes.at(-1)!;
  const groups = numberOf(last, 'group', 1);
  if (groups > 1 && groups === layerDepth(run.graph, last)?.input)
    return `its last layer ${last.name} is depthwise and sums over no channels: output-depth cuts the run too`;
  return summedCut(run, first.output, { local: false });
});
