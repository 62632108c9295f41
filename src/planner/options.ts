import { type FleetModel, RESOURCE } from '../estimator/fleet-model.ts';
import { stageCost } from '../estimator/stage-cost.ts';
import type { StageCost } from '../estimator/stage-summary.ts';
import { consumersOf, type Graph } from '../graph/graph.ts';
import { type Run, runOf } from '../partition/run.ts';
import type { Scheme } from '../partition/scheme.ts';
import { boundariesOf } from './boundaries.ts';
import type { StageOption } from './option.ts';
import { MASTER } from './plan.ts';
import { localShard } from './stages.ts';
import { rebalanced, type Team } from './team.ts';

/** What a strategy lets the search use. */
export interface Allowed {
  readonly schemes: readonly Scheme[];
  readonly teams: readonly Team[];
  /** How many stretches between boundaries one stage may fuse. */
  readonly maxStretches: number;
  /** A further condition on a run; undefined where there is none. */
  readonly admits?: (run: Run, scheme: Scheme) => boolean;
}

export interface OptionTable {
  readonly boundaries: readonly number[];
  /** By the index of the boundary where they end. */
  readonly endingAt: readonly (readonly StageOption[])[];
}

/**
 * All options that may be part of a best plan. An option that cannot beat the master's own device on the same nodes is
 * left out before its shards are cut: its bytes alone would take longer.
 */
export function optionsOf(graph: Graph, model: FleetModel, allowed: Allowed): OptionTable {
  const boundaries = boundariesOf(graph);
  const consumers = consumersOf(graph.nodes);
  const endingAt: StageOption[][] = boundaries.map(() => []);
  const localSeconds: number[] = [];
  for (let at = 0; at + 1 < boundaries.length; at += 1) {
    const run = runOf(graph, graph.nodes.slice(boundaries[at]!, boundaries[at + 1]!), consumers);
    const option = localOption(model, run, at);
    localSeconds.push(option.seconds);
    endingAt[at + 1]!.push(option);
  }
  for (let from = 0; from + 1 < boundaries.length; from += 1) {
    let here = model.master.compute.profile.secondsPerRun;
    const last = Math.min(boundaries.length - 1, from + allowed.maxStretches);
    for (let to = from + 1; to <= last; to += 1) {
      here += localSeconds[to - 1]!;
      const run = runOf(graph, graph.nodes.slice(boundaries[from]!, boundaries[to]!), consumers);
      if (!isPriceable(run)) continue;
      endingAt[to]!.push(...distributedOptions(model, run, allowed, { from, to, here }));
    }
  }
  return { boundaries, endingAt };
}

interface Place {
  readonly from: number;
  readonly to: number;
  /** Seconds of the same nodes at the master. */
  readonly here: number;
}

function distributedOptions(model: FleetModel, run: Run, allowed: Allowed, place: Place): StageOption[] {
  const options: StageOption[] = [];
  const least = leastBytes(run);
  for (const scheme of allowed.schemes) {
    if (allowed.admits?.(run, scheme) === false || scheme.unfit(run)) continue;
    for (const team of allowed.teams) {
      if (fastestPossible(model, team, least) >= place.here) continue;
      const first = optionFor(model, run, scheme, team, place);
      if (!first) continue;
      options.push(first);
      const better = rebalanced(team, busyOf(team, first.cost!));
      const second = better && optionFor(model, run, scheme, better, place);
      if (second && second.seconds < first.seconds) options.push(second);
    }
  }
  return options;
}

function optionFor(
  model: FleetModel,
  run: Run,
  scheme: Scheme,
  { workers, weights }: Team,
  { from, to }: Place,
): StageOption | undefined {
  const shards = scheme
    .cut(run, weights)
    .map(({ worker, shard }) => ({ worker: workers[worker]!.id, shard }));
  // what ends up on the master alone is the local option
  if (shards.every(({ worker }) => worker === model.master.id)) return undefined;
  const cost = stageCost(model, shards);
  const filters = cost.perWorker.map(({ worker, filterBytes }) => ({ worker, bytes: filterBytes }));
  const planned = shards.map(({ worker, shard }) => ({
    worker: worker === model.master.id ? MASTER : worker,
    shard,
  }));
  return {
    from,
    to,
    scheme: scheme.name,
    shards: planned,
    seconds: cost.seconds,
    busy: cost.busy,
    filters,
    cost,
  };
}

/** One stretch at the master, without the cost of a run: it shares that with its neighbours. */
function localOption(model: FleetModel, run: Run, at: number): StageOption {
  const shard = localShard(run);
  let seconds = 0;
  for (const work of shard.work) seconds += model.master.compute.secondsOf(work);
  const busy = new Float64Array(model.resources);
  busy[RESOURCE.masterEngine] = seconds;
  const filters = [{ worker: model.master.id, bytes: shard.filterBytes }];
  return { from: at, to: at + 1, scheme: 'local', shards: [], seconds, busy, filters, cost: undefined };
}

/** Only tensors of known shape can travel. */
function isPriceable({ graph, outputs }: Run): boolean {
  return outputs.every((tensor) => graph.types.has(tensor));
}

function leastBytes(run: Run): number {
  let bytes = 0;
  for (const tensor of run.outputs) bytes += wholeBytes(run, tensor);
  return bytes;
}

function wholeBytes({ graph }: Run, tensor: string): number {
  const { shape } = graph.types.get(tensor)!;
  return shape.reduce((product, extent) => product * extent, 4);
}

/**
 * A lower bound for any scheme on the team: the agents' share of the outputs must come back over their links and the
 * master's port, and a message goes each way.
 */
function fastestPossible(model: FleetModel, { workers }: Team, bytes: number): number {
  const agents = workers.filter(({ isMaster }) => !isMaster);
  const least = Math.min(
    ...agents.map(
      ({ toAgent, fromAgent, compute }) => toAgent.alpha + fromAgent.alpha + compute.profile.secondsPerRun,
    ),
  );
  if (agents.length < workers.length) return least;
  const rate = agents.reduce(
    (sum, { fromAgent }) => sum + (fromAgent.beta > 0 ? 1 / fromAgent.beta : Number.POSITIVE_INFINITY),
    0,
  );
  return least + Math.max(bytes * model.port.in, bytes / rate);
}

function busyOf({ workers }: Team, cost: StageCost): number[] {
  return workers.map(({ id }) => cost.perWorker.find(({ worker }) => worker === id)?.busySeconds ?? 0);
}
