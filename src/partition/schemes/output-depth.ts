import { headDepth } from '../depth.ts';
import { unitsOf } from '../units.ts';
import { depthScheme, notALayer, placedDepth } from './depth-scheme.ts';

/**
 * The whole IFM to every shard, filters split by output channel, OFMs placed along the channels. What follows the layer
 * rides along where it is channel-local (bias, BatchNormalization, activations, pooling, depthwise convolutions).
 *
 *     IFM c x h x w  -+-> filters [0, f/2)  -> OFM channels [0, f/2)
 *                     +-> filters [f/2, f)  -> OFM channels [f/2, f)
 */
export const outputDepth = depthScheme('output-depth', (run) => {
  const layer = headDepth(run);
  if (!layer) return notALayer(run, 'first');
  const { axis, groups, output } = layer;
  // a part of a group would be a node of its own, and no longer one kernel with what quantises it
  const apart = groups > 1 && unitsOf(run.graph).of(run.nodes[0]!).nodes.length > 1;
  const units = apart ? groups : output;
  if (units < 2) return `${run.nodes[0]!.name} has one output channel`;
  const placed = placedDepth(run, run.outputs, axis, units);
  return typeof placed === 'string' ? placed : { units, goals: (range) => ({ placed: placed(range) }) };
});
