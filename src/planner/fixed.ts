import { gammaAt } from '../estimator/compute.ts';
import type { FleetModel, WorkerModel } from '../estimator/fleet-model.ts';
import {
  type PaperLayer,
  paperCosts,
  paperLayer,
  type TriggerDecision,
  type TriggerOptions,
  trigger,
} from '../estimator/paper.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { layerDepth } from '../partition/depth.ts';
import type { Run } from '../partition/run.ts';
import type { Scheme } from '../partition/scheme.ts';
import { schemeNamed } from '../partition/schemes/index.ts';
import { type Unit, unitsOf } from '../partition/units.ts';
import { ratesOf } from './rates.ts';
import { StageList } from './stages.ts';
import type { Steps } from './steps.ts';
import { capacitiesOf } from './team.ts';

/** Strategies that decide layer by layer by a rule, without a search. */

/** For whom a rule plans. */
export interface RuleTeam {
  readonly agents: readonly WorkerModel[];
  /** True where the stages so far are known to be of no use: the plan is then left unfinished. */
  readonly enough?: (list: StageList) => boolean;
}

const all = ({ agents }: FleetModel): RuleTeam => ({ agents });

/** The whole model at the master. */
export function* planLocal(graph: Graph, model: FleetModel): Steps<StageList> {
  yield;
  const list = new StageList(graph, model);
  list.local(graph.nodes);
  return list;
}

/** Every layer that the scheme fits is cut over all agents; what lies between stays at the master. */
export function planDepth(
  graph: Graph,
  model: FleetModel,
  scheme: Scheme,
  team: RuleTeam = all(model),
): Steps<StageList> {
  return layerByLayer(graph, model, team, capacitiesOf, (list, unit, agents) => {
    const run = longestRun(list, model, scheme, unit, agents);
    return run && { scheme, run };
  });
}

/**
 * The estimator of the paper and nothing else: a layer whose S_max and channels pass the trigger is cut over all agents
 * alike, along the deeper of its two sides; everything else stays at the master.
 */
export function planPaper(
  graph: Graph,
  model: FleetModel,
  options: TriggerOptions = {},
  team: RuleTeam = all(model),
): Steps<StageList> {
  const uniform = (agents: readonly WorkerModel[]) => agents.map(() => 1);
  return layerByLayer(graph, model, team, uniform, (list, { nodes, core: node }, agents) => {
    const layer = paperLayer(graph, node);
    if (!layer) return undefined;
    if (!paperTrigger(model, node, graph, options, agents)?.distribute) return undefined;
    const scheme = schemeNamed(`${deeperSide(layer)}-depth`);
    const run = list.runOf(nodes);
    return scheme.unfit(run) ? undefined : { scheme, run };
  });
}

function deeperSide({ inputChannels, outputChannels }: PaperLayer): 'input' | 'output' {
  return outputChannels >= inputChannels ? 'output' : 'input';
}

/**
 * The paper's decision for a layer of the graph, cut along the deeper of its sides, with the master's γ and the slowest
 * link. Undefined for layers that the paper does not describe, and where there is no agent.
 */
export function paperTrigger(
  model: FleetModel,
  node: Node,
  graph: Graph,
  options: TriggerOptions = {},
  agents = model.agents,
): TriggerDecision | undefined {
  const layer = paperLayer(graph, node);
  if (!layer || agents.length === 0) return undefined;
  const macs = layer.kernelArea * layer.inputChannels * layer.outputChannels * layer.planeElements;
  const { secondsPerMac } = model.master.compute.profile;
  const gamma = gammaAt(secondsPerMac.conv3x3 ?? secondsPerMac.conv, macs);
  const slowest = agents.reduce((a, b) => (b.toAgent.beta > a.toAgent.beta ? b : a));
  return trigger(layer, paperCosts(gamma, slowest.toAgent, slowest.fromAgent), deeperSide(layer), options);
}

type Choice = { readonly scheme: Scheme; readonly run: Run } | undefined;

function* layerByLayer(
  graph: Graph,
  model: FleetModel,
  team: RuleTeam,
  weigh: (agents: readonly WorkerModel[]) => readonly number[],
  choose: (list: StageList, unit: Unit, agents: readonly WorkerModel[]) => Choice,
): Steps<StageList> {
  const list = new StageList(graph, model);
  const taken = new Set<Unit>();
  for (const unit of unitsOf(graph).all) {
    if (taken.has(unit)) continue;
    yield;
    if (team.enough?.(list)) break;
    const agents = team.agents.filter((agent) => model.canRun(agent, unit.nodes));
    const choice = agents.length > 0 ? choose(list, unit, agents) : undefined;
    if (!choice) {
      list.local(unit.nodes);
      continue;
    }
    const { scheme, run } = choice;
    for (const member of unitsOf(graph).among(run.nodes)) taken.add(member);
    const shards = scheme
      .cut(run, weigh(agents), ratesOf(model, agents))
      .map(({ worker, shard }) => ({ worker: agents[worker]!.id, shard }));
    list.distributed(scheme.name, run.nodes, shards);
  }
  return list;
}

/**
 * The longest chain of units, each reading the one before, that begins with the layer `head`, that the scheme fits and all
 * of the agents can run.
 */
function longestRun(
  list: StageList,
  model: FleetModel,
  scheme: Scheme,
  head: Unit,
  agents: readonly WorkerModel[],
): Run | undefined {
  if (!layerDepth(list.graph, head.core)) return undefined;
  const able = ({ nodes }: Unit) => agents.every((agent) => model.canRun(agent, nodes));
  let best: Run | undefined;
  let run: Run | undefined = list.runOf(head.nodes);
  while (run) {
    if (!scheme.unfit(run)) best = run;
    else if (best) break;
    const next = list.nextOf(run);
    run = next && able(next) ? list.runOf([...run.nodes, ...next.nodes]) : undefined;
  }
  return best;
}
