import { shippedDevices } from '../../src/estimator/fleet-file.ts';
import { FleetModel } from '../../src/estimator/fleet-model.ts';
import { fleetOf } from '../../src/estimator/sweep.ts';
import { runOf } from '../../src/partition/run.ts';
import { schemeNamed } from '../../src/partition/schemes/index.ts';
import { Explainer } from '../../src/planner/explain.ts';
import { paperTrigger } from '../../src/planner/fixed.ts';
import type { Cut } from '../../src/planner/option.ts';
import { balancedCut } from '../../src/planner/pricing.ts';
import { planGraph, STRATEGY_NAMES } from '../../src/planner/strategies.ts';
import { teamsOf } from '../../src/planner/team.ts';
import { deployed, heldBy } from './support.ts';
import { predictions } from './zoo-plans.ts';

/** The numbers of docs/planning.md, computed. */
export async function documentedTables(): Promise<string[]> {
  return [...(await strategyRows()), ...(await layerRows()), ...(await limitRows())];
}

const row = (...cells: (string | number)[]) => `| ${cells.join(' | ')} |`;

/** Milliseconds by strategy. */
async function strategyRows(): Promise<string[]> {
  const cases = ['54mbit', '100mbit', '1gbit'].flatMap((link) => [4, 8].map((agents) => ({ agents, link })));
  const found: Record<string, number>[] = [];
  for (const { agents, link } of cases) found.push(await predictions('vgg16', agents, link));
  return STRATEGY_NAMES.map((name) => row(`\`${name}\``, ...found.map((ms) => ms[name]!.toFixed(0))));
}

const FAMILIES = {
  depth: ['input-depth', 'output-depth', 'depth-grid'],
  spatial: ['rows', 'columns', 'tiles'],
};
const LAYERS = [
  ['vgg16', 'conv1_2'],
  ['vgg16', 'conv3_2'],
  ['vgg16', 'conv5_2'],
  ['vgg16', 'fc6'],
  ['vgg16', 'fc7'],
  ['resnet50', 'stage1/block1/conv2'],
  ['resnet50', 'stage4/block3/conv2'],
] as const;

const CASES = [
  [4, '100mbit'],
  [4, '1gbit'],
  [16, '1gbit'],
] as const;

/** Speedup of one layer by the best scheme of each family and the best team; S_max once for each link. */
async function layerRows(): Promise<string[]> {
  const device = (await shippedDevices()).get('raspberry-pi-4')!;
  return LAYERS.map(([name, layer]) => {
    const graph = deployed(name);
    const node = graph.nodes.find((each) => each.name === layer)!;
    const run = runOf(graph, [node]);
    const [, , height = 1, width = 1] = graph.types.get(node.outputs[0]!)!.shape;
    const shape = graph.types.get(node.inputs[1]!)!.shape;
    const [out, into] = shape;
    const cells = CASES.flatMap(([agents, link], at) => {
      const model = new FleetModel(fleetOf(device, agents, link));
      const local = new Explainer({ ...graph, nodes: [node], outputs: node.outputs }, model).localSeconds;
      const bound = paperTrigger(model, node, graph)!.bound.toFixed(2);
      const best = Object.values(FAMILIES).map((schemes) => {
        const cuts = schemes.flatMap((scheme) =>
          schemeNamed(scheme).unfit(run)
            ? []
            : teamsOf(model, true).flatMap(
                (team) => balancedCut(model, run, schemeNamed(scheme), team) ?? [],
              ),
        );
        return speedup(local, cuts);
      });
      return CASES[at - 1]?.[1] === link ? best : [bound, ...best];
    });
    return row(`${name} \`${layer}\``, `${into} -> ${out}, ${height} x ${width}`, ...cells);
  });
}

function speedup(local: number, cuts: readonly Cut[]): string {
  if (cuts.length === 0) return '-';
  const best = cuts.reduce((a, b) => (b.cost.seconds < a.cost.seconds ? b : a));
  return `${(local / best.cost.seconds).toFixed(2)} ${best.scheme.name}`;
}

/** VGG16 on agents of 200 MB each, and a master that may hold nothing. */
async function limitRows(): Promise<string[]> {
  const device = (await shippedDevices()).get('raspberry-pi-4')!;
  const graph = deployed('vgg16');
  return [3, 4, 6].map((agents) => {
    const fleet = fleetOf({ ...device, filterBytesLimit: 200e6 }, agents, '100mbit');
    const limited = { ...fleet, master: { ...fleet.master, filterBytesLimit: 0 } };
    const plan = planGraph(graph, limited, { strategy: 'auto' });
    const most = Math.max(...heldBy(plan).values()) / 1e6;
    return row(agents, `${most.toFixed(0)} MB`, `${(1000 * plan.predictedSeconds).toFixed(0)} ms`);
  });
}
