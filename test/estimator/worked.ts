import { gammaAt } from '../../src/estimator/compute.ts';
import { loadFleet } from '../../src/estimator/fleet-file.ts';
import { FleetModel } from '../../src/estimator/fleet-model.ts';
import {
  distributedTime,
  estimatedSpeedup,
  localTime,
  paperCosts,
  paperLayer,
  paperTerms,
  speedupBound,
} from '../../src/estimator/paper.ts';
import { stageCost } from '../../src/estimator/stage-cost.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { simplify } from '../../src/graph/passes/index.ts';
import { runOf } from '../../src/partition/run.ts';
import { schemeNamed } from '../../src/partition/schemes/index.ts';
import { localShard } from '../../src/planner/stages.ts';
import { zooModel } from '../../src/zoo/zoo.ts';

/** The numbers of docs/estimator.md, computed. */
export async function workedTables(): Promise<string[]> {
  const graph = inferTypes(simplify(inferTypes(zooModel('vgg16').graph)));
  const folder = new URL('../../config/fleets/', import.meta.url).pathname;
  const slow = new FleetModel(await loadFleet(`${folder}raspberry-pi-4-100mbit.yaml`));
  const fast = new FleetModel(await loadFleet(`${folder}raspberry-pi-4-1gbit.yaml`));
  return [
    ...paperRows(graph, slow, 'conv4_2'),
    ...truthfulRows(graph, slow, 'conv4_2'),
    ...['conv1_2', 'conv2_2', 'conv4_2', 'conv5_2', 'fc6'].flatMap((layer) =>
      layerRow(graph, slow, fast, layer),
    ),
  ];
}

const SCHEMES = ['output-depth', 'input-depth', 'depth-grid'];
const ms = (seconds: number) => (seconds * 1000).toFixed(1);
const row = (...cells: (string | number)[]) => `| ${cells.join(' | ')} |`;

function paperFacts(graph: Graph, model: FleetModel, name: string) {
  const layer = paperLayer(graph, headOf(graph, name))!;
  const { toAgent, fromAgent } = model.agents[0]!;
  const { conv } = model.master.compute.profile.secondsPerMac;
  return {
    layer,
    costs: paperCosts(
      gammaAt(conv, layer.kernelArea * layer.inputChannels * layer.outputChannels * layer.planeElements),
      toAgent,
      fromAgent,
    ),
  };
}

function paperRows(graph: Graph, model: FleetModel, name: string): string[] {
  const { layer, costs } = paperFacts(graph, model, name);
  const n = model.agents.length;
  const terms = paperTerms(layer, costs, n);
  return [
    row('γ', `${(costs.gamma * 1e9).toFixed(4)} ns per MAC`),
    row('α', `${ms(costs.alpha)} ms per message`),
    row('β', `${(costs.beta * 1e9).toFixed(1)} ns per element`),
    row('K² c f M γ', `${ms(localTime(layer, costs))} ms`),
    row('T_tx, T_rx', `${ms(terms.transmit)} ms, ${ms(terms.receive)} ms`),
    row('T_edge', `${ms(terms.edge)} ms`),
    row('T_cld', `${ms(distributedTime(terms, n))} ms`),
    row('speedup on 4', estimatedSpeedup(layer, costs, n).toFixed(2)),
    row('S_max', speedupBound(layer, costs).toFixed(2)),
    row('S_max, α = 0', speedupBound(layer, { ...costs, alpha: 0 }).toFixed(2)),
  ];
}

function truthfulRows(graph: Graph, model: FleetModel, name: string): string[] {
  const local = localCost(graph, model, name);
  const rows = SCHEMES.map((scheme) => {
    const { seconds, terms, bytes, messages } = cut(graph, model, name, scheme);
    const times = [terms.partition, terms.transmit, terms.edge, terms.receive, terms.join].map(ms);
    return row(
      scheme,
      (bytes / 1e6).toFixed(2),
      messages,
      ...times,
      ms(seconds),
      (local / seconds).toFixed(2),
    );
  });
  return [...rows, row('local', 0, 0, 0, 0, ms(local), 0, 0, ms(local), '1.00')];
}

function layerRow(graph: Graph, slow: FleetModel, fast: FleetModel, name: string): string[] {
  const { layer, costs } = paperFacts(graph, slow, name);
  const speedup = (model: FleetModel) => {
    const costs = SCHEMES.map((scheme) => ({ scheme, seconds: cut(graph, model, name, scheme).seconds }));
    const best = costs.reduce((a, b) => (b.seconds < a.seconds ? b : a));
    return `${(localCost(graph, model, name) / best.seconds).toFixed(2)} (${best.scheme})`;
  };
  const { inputChannels: c, outputChannels: f, planeElements: m } = layer;
  return [
    row(
      `${name}`,
      `${c} -> ${f}, M = ${m}`,
      speedupBound(layer, costs).toFixed(2),
      speedupBound(layer, { ...costs, alpha: 0 }).toFixed(2),
      speedup(slow),
      speedup(fast),
    ),
  ];
}

function headOf(graph: Graph, name: string) {
  return graph.nodes.find((node) => node.name === name)!;
}

function cut(graph: Graph, model: FleetModel, name: string, scheme: string) {
  const head = headOf(graph, name);
  const shards = schemeNamed(scheme).cut(
    runOf(graph, [head]),
    model.agents.map(() => 1),
  );
  return stageCost(
    model,
    shards.map(({ worker, shard }) => ({ worker: model.agents[worker]!.id, shard })),
  );
}

function localCost(graph: Graph, model: FleetModel, name: string): number {
  const shard = localShard(runOf(graph, [headOf(graph, name)]));
  return stageCost(model, [{ worker: 'master', shard }]).seconds;
}
