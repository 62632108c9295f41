import { gammaAt } from '../estimator/compute.ts';
import { FleetModel } from '../estimator/fleet-model.ts';
import { type PaperLayer, paperCosts, paperLayer, speedupBound, stepsOf } from '../estimator/paper.ts';
import type { FleetProfile } from '../estimator/profile.ts';
import { stageCost } from '../estimator/stage-cost.ts';
import { consumersOf, type Graph } from '../graph/graph.ts';
import { type Run, runOf } from '../partition/run.ts';
import { schemeNamed } from '../partition/schemes/index.ts';
import { unitsOf } from '../partition/units.ts';
import { localShard } from '../planner/stages.ts';
import { capacitiesOf } from '../planner/team.ts';
import type { Precision } from '../tensor/precision.ts';

/** One layer by itself, on one link: the paper's bound, and what cutting it along its depth really gives. */
export interface DepthPoint {
  readonly layer: string;
  readonly link: string;
  /** c and f, and M: elements of one plane of the OFM. */
  readonly inputDepth: number;
  readonly outputDepth: number;
  readonly planeElements: number;
  /** K². */
  readonly kernelArea: number;
  /** S_max. */
  readonly bound: number;
  /** S_max with α = 0: as if all planes of a region went in one message. */
  readonly boundWithoutAlpha: number;
  /** Of the best depth scheme, by the estimator; null where none fits. */
  readonly speedup: number | null;
  readonly scheme: string | null;
}

const DEPTH_SCHEMES = ['input-depth', 'output-depth', 'depth-grid'];

export function depthPoints(graph: Graph, fleet: FleetProfile, link: string, wire: Precision): DepthPoint[] {
  const model = new FleetModel(fleet, { wire });
  const consumers = consumersOf(graph.nodes);
  const known = new Map<string, Pick<DepthPoint, 'speedup' | 'scheme'>>();
  return unitsOf(graph).all.flatMap(({ nodes, core: node }) => {
    const layer = paperLayer(graph, node);
    if (!layer) return [];
    // layers of one shape are priced once
    const key = JSON.stringify([layer, node.attributes, node.op]);
    const best = known.get(key) ?? bestDepth(model, runOf(graph, nodes, consumers));
    known.set(key, best);
    const { inputChannels: inputDepth, outputChannels: outputDepth, planeElements, kernelArea } = layer;
    const bounds = boundsOf(model, layer);
    return [
      { layer: node.name, link, inputDepth, outputDepth, planeElements, kernelArea, ...bounds, ...best },
    ];
  });
}

/** S_max with the master's γ and the first agent's link. */
function boundsOf(model: FleetModel, layer: PaperLayer): Pick<DepthPoint, 'bound' | 'boundWithoutAlpha'> {
  const { secondsPerMac } = model.master.compute.profile;
  const gamma = gammaAt(secondsPerMac.conv3x3 ?? secondsPerMac.conv, stepsOf(layer));
  const { toAgent, fromAgent } = model.agents[0]!;
  const costs = paperCosts(gamma, toAgent, fromAgent);
  return {
    bound: speedupBound(layer, costs),
    boundWithoutAlpha: speedupBound(layer, { ...costs, alpha: 0 }),
  };
}

function bestDepth(model: FleetModel, run: Run): Pick<DepthPoint, 'speedup' | 'scheme'> {
  const local = stageCost(model, [{ worker: model.master.id, shard: localShard(run) }]).seconds;
  const weights = capacitiesOf(model.agents);
  let best: Pick<DepthPoint, 'speedup' | 'scheme'> = { speedup: null, scheme: null };
  for (const scheme of DEPTH_SCHEMES.map(schemeNamed)) {
    if (scheme.unfit(run)) continue;
    const placed = scheme
      .cut(run, weights)
      .map(({ worker, shard }) => ({ worker: model.agents[worker]!.id, shard }));
    const speedup = local / stageCost(model, placed).seconds;
    if (speedup > (best.speedup ?? 0)) best = { speedup, scheme: scheme.name };
  }
  return best;
}
