import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../src/base/logger.ts';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { simplify } from '../../src/graph/passes/index.ts';
import { BlobServer } from '../../src/master/blob-server.ts';
import { Deployment } from '../../src/master/deployment.ts';
import { Fleet } from '../../src/master/fleet.ts';
import { runOf } from '../../src/partition/run.ts';
import { MASTER } from '../../src/planner/plan.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { decodeFrame } from '../../src/wire/codec.ts';
import { HALO_CHUNK } from '../../src/wire/messages/halo.ts';
import { Topics } from '../../src/wire/topics.ts';
import { zooModel } from '../../src/zoo/zoo.ts';
import { atEnd, startBroker } from '../support/broker.ts';
import { runWhole } from '../support/execute.ts';
import { planOf } from '../support/hand-deployed.ts';
import { difference } from '../support/onnxruntime.ts';
import { ServiceProcess } from '../support/processes.ts';

/** The residual blocks of ResNet-18, to the global pooling. */
const graph = inferTypes(simplify(inferTypes(zooModel('resnet18', { seed: 2 }).graph)));
const body = runOf(
  graph,
  graph.nodes.slice(
    0,
    graph.nodes.findIndex(({ op }) => op === 'GlobalAveragePool'),
  ),
);
const [input] = graph.inputs as [string];
const { shape } = graph.types.get(input)!;
const image = Tensor.float32(
  shape,
  Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, at) => Math.sin(at / 9)),
);
const inputs = new Map([[input, image]]);

describe('rows with halo exchange between agent processes, over MQTT', () => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  let want: Map<string, Tensor>;
  beforeAll(async () => {
    await engine.start();
    want = await runWhole(engine, graph, inputs);
  });
  afterAll(() => engine.stop());

  it('gives the answer of the whole model; after an agent is killed between two legs, too', async () => {
    const { deployment, agents, broker, topics } = await deployedOn(['a', MASTER, 'b', 'c']);
    const { shards } = deployment.plan.stages[0]!;
    expect(shards.every(({ shard }) => shard.legs!.length > 3)).toBe(true);
    const first = await deployment.infer('r1', inputs);
    expectRight(first.outputs);
    expect(first.degraded).toBe(false);

    const bus = broker.bus();
    await bus.start();
    let killed: Promise<void> | undefined;
    await bus.subscribe(topics.halo(deployment.id, MASTER), (topic, payload) => {
      const { header } = decodeFrame(HALO_CHUNK, topic, payload);
      if (header.kind === 'piece' && header.from === 2 && header.leg === 2)
        killed ??= agents.get('b')!.kill();
    });
    const second = await deployment.infer('r2', inputs);
    expect(killed).toBeDefined();
    await killed;
    expectRight(second.outputs);
    expect(second.degraded).toBe(true);
    await bus.stop();
  }, 120_000);

  function expectRight(outputs: ReadonlyMap<string, Tensor>): void {
    for (const [name, tensor] of want)
      expect(difference(outputs.get(name)!, tensor, { relative: 1e-3, absolute: 1e-4 })).toBeUndefined();
  }

  async function deployedOn(workers: readonly string[]) {
    const directory = await mkdtemp(join(tmpdir(), 'isobath-test-'));
    atEnd(() => rm(directory, { recursive: true, force: true }));
    const broker = await startBroker();
    const agents = new Map<string, ServiceProcess>();
    const url = `mqtt://127.0.0.1:${broker.port}`;
    for (const name of workers.filter((worker) => worker !== MASTER)) {
      const options = ['--calibration', 'never', '--threads', '1', '--engine', 'onnxruntime'];
      const place = ['--broker', url, '--name', name, '--state', join(directory, name)];
      const agent = new ServiceProcess(['agent', ...place, ...options]);
      atEnd(() => agent.kill());
      agents.set(name, agent);
    }
    const topics = new Topics('default');
    const bus = broker.bus();
    const fleet = new Fleet({ bus, topics, logger: silentLogger });
    const blobs = new BlobServer({ bus, topics, logger: silentLogger });
    for (const service of [bus, fleet, blobs]) {
      await service.start();
      atEnd(() => service.stop());
    }
    while (fleet.members.length < agents.size) await new Promise((resolve) => fleet.on('joined', resolve));
    const plan = planOf(graph, body, workers);
    const parts = { model: 'resnet18', graph, plan, bus, topics, fleet, blobs, engine };
    const deployment = new Deployment({ ...parts, logger: silentLogger });
    await deployment.start();
    atEnd(() => deployment.stop());
    return { deployment, agents, broker, topics };
  }
});
