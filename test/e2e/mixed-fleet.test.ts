import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ENGINE_NAMES, type EngineName, engineNamed } from '../../src/engine/engines.ts';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { loadOnnx, readTensorProto } from '../../src/formats/onnx/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { simplify } from '../../src/graph/passes/index.ts';
import { isDistributed } from '../../src/planner/plan.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { zooModel } from '../../src/zoo/zoo.ts';
import { TestCluster } from '../support/cluster.ts';
import { dataPath, describeWithData } from '../support/data.ts';
import { loadedEngines, skippedFor } from '../support/engines.ts';
import { runWhole } from '../support/execute.ts';
import { difference } from '../support/onnxruntime.ts';

const SCHEMES = ['output-depth', 'input-depth', 'depth-grid'];

function deployedGraph(graph: Graph): Graph {
  return inferTypes(simplify(inferTypes(graph)));
}

for (const name of ENGINE_NAMES) {
  const skipped = skippedFor(name);
  if (skipped) it.skip(skipped, () => {});
}

describe(`one inference on agents of different engines: ${loadedEngines.join(', ')}`, () => {
  const graph = deployedGraph(zooModel('squeezenet', { seed: 3 }).graph);
  const [input] = graph.inputs;
  const { shape } = graph.types.get(input!)!;
  const size = shape.reduce((product, extent) => product * extent, 1);
  const image = Tensor.float32(
    shape,
    Float32Array.from({ length: size }, (_, at) => Math.sin(at / 7)),
  );
  let cluster: TestCluster;
  let want: ReadonlyMap<string, Tensor>;
  beforeAll(async () => {
    const engine = new OnnxruntimeEngine({ threads: 1 });
    await engine.start();
    want = await runWhole(engine, graph, new Map([[input!, image]]));
    await engine.stop();
  });
  afterEach(() => cluster.stop());

  it.each(SCHEMES)('equals onnxruntime on the whole model, cut by %s', async (scheme) => {
    const model = { name: 'squeezenet', graph, strategy: 'depth', scheme };
    cluster = await startMixed(
      model,
      [...loadedEngines, 'onnxruntime', 'tfjs-wasm'].slice(0, 3) as EngineName[],
    );
    const { plan } = cluster.master.deployment('squeezenet')!;
    const workers = new Set(plan.stages.flatMap(({ shards }) => shards.map(({ worker }) => worker)));
    expect(['agent-0', 'agent-1', 'agent-2'].every((agent) => workers.has(agent))).toBe(true);
    const { outputs, degraded } = await cluster.master.infer('squeezenet', 'r1', new Map([[input!, image]]));
    expect(degraded).toBe(false);
    for (const [name, tensor] of want) {
      expect(difference(outputs.get(name)!, tensor, { relative: 1e-3, absolute: 1e-5 })).toBeUndefined();
    }
  });
});

describeWithData('MNIST gives its stored outputs on three agents', () => {
  let graph: Graph;
  let cluster: TestCluster;
  beforeAll(async () => {
    graph = deployedGraph(await loadOnnx(dataPath('mnist', 'model.onnx')));
  });
  afterEach(() => cluster.stop());

  for (const name of ENGINE_NAMES) {
    const skipped = skippedFor(name);
    if (skipped) {
      it.skip(skipped, () => {});
      continue;
    }
    it.each(SCHEMES)(`all on ${name}, cut by %s`, async (scheme) => {
      const model = { name: 'mnist', graph, strategy: 'depth', scheme };
      cluster = await startMixed(model, [name, name, name]);
      const { plan } = cluster.master.deployment('mnist')!;
      expect(plan.stages.some(isDistributed)).toBe(true);
      for (const [at, { input, output }] of storedPairs().entries()) {
        const inputs = new Map([[graph.inputs[0]!, input]]);
        const { outputs, degraded } = await cluster.master.infer('mnist', `r${at}`, inputs);
        expect(degraded).toBe(false);
        const got = outputs.get(graph.outputs[0]!)!;
        // logits of the order of 1000
        expect(difference(got, output, { relative: 1e-3, absolute: 2e-2 })).toBeUndefined();
      }
    });
  }
});

async function startMixed(
  model: Parameters<TestCluster['start']>[0][number],
  engines: readonly EngineName[],
) {
  const cluster = new TestCluster();
  return cluster.start([model], engines.length, {
    agentOf: (at) => ({ engine: engineNamed(engines[at]!, { threads: 1 }) }),
  });
}

function storedPairs() {
  return readdirSync(dataPath('mnist'))
    .filter((name) => name.startsWith('test_data_set_'))
    .map((set) => {
      const tensor = (role: string) => {
        const file = dataPath('mnist', set, `${role}_0.pb`);
        return readTensorProto(readFileSync(file), file).tensor;
      };
      return { input: tensor('input'), output: tensor('output') };
    });
}
