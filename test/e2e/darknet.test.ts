import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from '@jest/globals';
import { engineNamed } from '../../src/engine/engines.ts';
import { assumedCompute } from '../../src/estimator/assumed.ts';
import { type FleetProfile, symmetricLink } from '../../src/estimator/profile.ts';
import { readInput } from '../../src/formats/input.ts';
import { topLabels } from '../../src/formats/labels.ts';
import { type Manifest, readManifest } from '../../src/formats/manifest.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { MASTER } from '../../src/planner/plan.ts';
import { planGraph, STRATEGY_NAMES } from '../../src/planner/strategies.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { TestCluster } from '../support/cluster.ts';
import { dataPath, describeWithData } from '../support/data.ts';
import { forEachEngine, forEachEngineSlowly } from '../support/each-engine.ts';
import { runPlan, runWhole } from '../support/execute.ts';
import { fleetOfWorkers } from '../support/fleet.ts';
import { difference } from '../support/onnxruntime.ts';
import { isobath } from '../support/processes.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { importTfjs, loadOracle, predict } from '../support/tfjs.ts';

/** Logits of the order of 10. */
const TOLERANCE = { relative: 1e-4, absolute: 1e-4 };
const DEPTH = ['input-depth', 'output-depth', 'depth-grid'];

/** On a fast net with a slow master, so that every strategy finds something to hand out. */
const ASSUMED = fleetOfWorkers(['a', 'b', 'c', 'd'].map((id) => ({ id, weight: 1 })));
const FLEET: FleetProfile = {
  ...ASSUMED,
  master: { id: MASTER, compute: assumedCompute(1, 0.1) },
  agents: ASSUMED.agents.map((agent) => ({ ...agent, link: symmetricLink(1e9, 1e-4) })),
};

describeWithData('a TFJS layers model with trained filters', () => {
  let folder = '';
  let graph: Graph;
  let manifest: Manifest;
  const pictures = new Map<string, Tensor>();
  const wanted = new Map<string, Tensor>();

  beforeAll(async () => {
    folder = await temporaryFolder();
    const source = dataPath('darknet-tiny-tfjs');
    for (const file of await readdir(source)) await copyFile(join(source, file), join(folder, file));
    const labels = JSON.parse(await readFile(join(source, 'labels.json'), 'utf8'));
    const input = {
      name: 'input_1',
      channels: 'RGB',
      scale: 1 / 255,
      mean: [0, 0, 0],
      std: [1, 1, 1],
      fit: 'stretch',
    };
    const facts = {
      name: 'darknet',
      version: '1',
      model: 'model.json',
      task: 'classification',
      input,
      labels,
    };
    await writeFile(join(folder, 'manifest.json'), JSON.stringify(facts));
    manifest = await readManifest(join(folder, 'manifest.json'));
    ({ graph } = await importTfjs(folder));
    const oracle = await loadOracle(join(folder, 'model.json'));
    for (const name of ['kitten_224', 'fish']) {
      const type = graph.types.get('input_1')!;
      const picture = await readInput(dataPath('squeezenet', `${name}.png`), {
        input: 'input_1',
        type,
        manifest,
      });
      pictures.set(name, picture);
      wanted.set(name, predict(oracle, [picture])[0]!);
    }
  });
  forEachEngine((engine) => {
    it.each([
      ['kitten_224', 'tabby'],
      ['fish', 'tench'],
    ])('knows what %s is, whole', async (picture, label) => {
      const outputs = await runWhole(engine, graph, new Map([['input_1', pictures.get(picture)!]]));
      const [got] = outputs.values();
      expect(difference(got!, wanted.get(picture)!, TOLERANCE)).toBeUndefined();
      expect(topLabels(got!, 1, manifest.labels)[0]!.label).toBe(label);
    });
  });

  forEachEngineSlowly((engine, name) => {
    it.each(STRATEGY_NAMES)('equals tfjs on 4 devices, planned by %s', async (strategy) => {
      const plan = planGraph(graph, FLEET, { strategy });
      expect(plan.stages.some(({ scheme }) => scheme !== 'local')).toBe(strategy !== 'local');
      for (const picture of ['kitten_224', 'fish']) {
        const outputs = await runPlan(engine, graph, plan, new Map([['input_1', pictures.get(picture)!]]));
        expect(difference([...outputs.values()][0]!, wanted.get(picture)!, TOLERANCE)).toBeUndefined();
      }
    });

    it.each(DEPTH)(
      'equals tfjs through a master and 4 agents, every convolution cut by %s',
      async (scheme) => {
        const cluster = new TestCluster();
        try {
          const agentOf = () => ({ engine: engineNamed(name, { threads: 1 }) });
          await cluster.start([{ name: 'darknet', graph, manifest, strategy: 'depth', scheme }], 4, {
            agentOf,
          });
          const inputs = new Map([['input_1', pictures.get('kitten_224')!]]);
          const { outputs, degraded, stages } = await cluster.master.infer('darknet', 'r', inputs);
          expect(degraded).toBe(false);
          expect(difference([...outputs.values()][0]!, wanted.get('kitten_224')!, TOLERANCE)).toBeUndefined();
          const cut = stages.filter((stage) => stage.scheme !== 'local');
          expect(cut.map((stage) => stage.scheme)).toEqual(new Array(16).fill(scheme));
        } finally {
          await cluster.stop();
        }
      },
    );
  });

  it('is served from its folder by 4 agent processes', async () => {
    const image = dataPath('squeezenet', 'kitten_224.png');
    const args = [
      'demo',
      '--model',
      folder,
      '--image',
      image,
      '--agents',
      '4',
      '--scheme',
      'input-depth',
      '--json',
    ];
    const { code, stdout, stderr } = await isobath(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const answer = JSON.parse(stdout);
    expect(answer.distributedStages).toBe(16);
    expect(answer.top[0].label).toBe('tabby');
    const want = topLabels(wanted.get('kitten_224')!, 1, manifest.labels)[0]!;
    expect(Math.abs(answer.top[0].probability - want.probability)).toBeLessThan(1e-3);
  });
});
