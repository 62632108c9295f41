import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { type Run, runOf } from '../../src/partition/run.ts';
import { MASTER, type Plan } from '../../src/planner/plan.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { MemoryBus } from '../../src/transport/memory-bus.ts';
import { decodeFrame } from '../../src/wire/codec.ts';
import { HALO_CHUNK, type HaloPieceChunk } from '../../src/wire/messages/halo.ts';
import { GraphBuilder } from '../../src/zoo/builder.ts';
import { runWhole } from '../support/execute.ts';
import { HandDeployed, planOf } from '../support/hand-deployed.ts';
import { difference } from '../support/onnxruntime.ts';

const SHAPE = [1, 3, 24, 20];
const input = Tensor.float32(
  SHAPE,
  Float32Array.from({ length: 1440 }, (_, at) => Math.sin(at)),
);
const inputs = new Map([['image', input]]);

/** Convolutions with pools between them, as in VGG, and a dense layer. */
function vggLike(): Graph {
  const builder = new GraphBuilder('vgg-like', 5);
  let x = builder.input('image', SHAPE);
  for (const [at, channels] of [6, 6, 8, 8].entries()) {
    const name = `conv${at + 1}`;
    x = builder.relu(`${name}/relu`, builder.conv(name, x, { channels, kernel: 3, pad: 1 }));
    if (at === 1) x = builder.maxPool('pool1', x, { kernel: 2, stride: 2 });
  }
  return builder.build([builder.relu('last', x)]);
}

/** Three blocks with shortcuts, the second one with a stride. */
function resnetLike(): Graph {
  const builder = new GraphBuilder('resnet-like', 6);
  let x = builder.input('image', SHAPE);
  x = builder.relu('stem/relu', builder.conv('stem', x, { channels: 6, kernel: 3, pad: 1 }));
  for (const [at, stride] of [1, 2, 1].entries()) {
    const name = `block${at + 1}`;
    const channels = stride === 2 ? 8 : at === 0 ? 6 : 8;
    const a = builder.relu(
      `${name}/relu1`,
      builder.conv(`${name}/a`, x, { channels, kernel: 3, pad: 1, stride }),
    );
    const b = builder.conv(`${name}/b`, a, { channels, kernel: 3, pad: 1 });
    const skip = stride === 1 ? x : builder.conv(`${name}/skip`, x, { channels, kernel: 1, stride });
    x = builder.relu(`${name}/relu2`, builder.add(`${name}/add`, b, skip));
  }
  return builder.build([x]);
}

const whole = (graph: Graph): Run => runOf(graph, graph.nodes);

describe.each([
  ['like VGG', vggLike(), 3],
  ['like ResNet', resnetLike(), 3],
])('rows with halo exchange over a graph %s', (_, graph, legs) => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  let cluster: HandDeployed;
  let want: Map<string, Tensor>;
  beforeAll(async () => {
    await engine.start();
    want = await runWhole(engine, graph, inputs);
  });
  afterAll(() => engine.stop());
  afterEach(() => cluster.stop());

  const run = (workers: readonly string[]): Plan => planOf(graph, whole(graph), workers);
  const deploy = async (workers: readonly string[], options?: Parameters<HandDeployed['start']>[2]) => {
    cluster = await new HandDeployed().start(graph, run(workers), options);
    return cluster.deployment;
  };
  const expectRight = (outputs: ReadonlyMap<string, Tensor>) => {
    for (const [name, tensor] of want)
      expect(difference(outputs.get(name)!, tensor, { relative: 1e-4, absolute: 1e-4 })).toBeUndefined();
  };
  /** Calls `act` for each piece that travels. */
  const onPiece = async (act: (piece: HaloPieceChunk, topic: string) => void) => {
    const bus = new MemoryBus(cluster.hub);
    await bus.start();
    for (const worker of [MASTER, ...cluster.agents.keys()])
      await bus.subscribe(cluster.topics.halo(cluster.deployment.id, worker), (topic, payload) => {
        const { header } = decodeFrame(HALO_CHUNK, topic, payload);
        if (header.kind === 'piece') act(header, topic);
      });
  };

  it('gives the answer of the whole model, and counts the pieces', async () => {
    const deployment = await deploy(['a', 'b', 'c']);
    expect(deployment.plan.stages[0]!.shards[0]!.shard.legs!.length).toBeGreaterThanOrEqual(legs);
    const seen: HaloPieceChunk[] = [];
    await onPiece((piece) => seen.push(piece));
    for (const request of ['r1', 'r2', 'r3']) {
      const { outputs, degraded } = await deployment.infer(request, inputs);
      expectRight(outputs);
      expect(degraded).toBe(false);
    }
    const { shards } = deployment.plan.stages[0]!;
    const pieces = shards.flatMap(({ shard }) => shard.legs!.flatMap(({ sends }) => sends));
    expect(seen).toHaveLength(3 * pieces.length);
    expect(new Set(seen.map(({ request }) => request)).size).toBe(3);
  });

  it('runs a share at the master, in chunks of any size', async () => {
    const deployment = await deploy(['a', MASTER, 'b'], { chunkBytes: 256, agent: { chunkBytes: 256 } });
    const results = await Promise.all(['r1', 'r2', 'r3', 'r4'].map((name) => deployment.infer(name, inputs)));
    for (const { outputs, degraded } of results) {
      expectRight(outputs);
      expect(degraded).toBe(false);
    }
    const [report] = results[0]!.stages;
    const { shards } = deployment.plan.stages[0]!;
    const sum = (sizes: readonly number[]) => sizes.reduce((a, b) => a + b, 0);
    const remote = shards.filter(({ worker }) => worker !== MASTER);
    const wantBytes =
      sum(remote.flatMap(({ shard }) => [...shard.inputBytes, ...shard.outputBytes])) +
      sum(shards.flatMap(({ shard }) => shard.legs!.flatMap(({ sends }) => sends.map(({ bytes }) => bytes))));
    expect(report!.bytes).toBe(wantBytes);
  });

  it('an agent that dies between two legs: the answer is right, and said to be degraded', async () => {
    const deployment = await deploy(['a', 'b', MASTER, 'c']);
    let killed = false;
    await onPiece(({ from, leg }) => {
      if (from !== 1 || leg !== 2 || killed) return;
      killed = true;
      cluster.agents.get('b')!.bus.kill();
    });
    const { outputs, degraded } = await deployment.infer('r1', inputs);
    expect(killed).toBe(true);
    expectRight(outputs);
    expect(degraded).toBe(true);
  });

  it('an agent that is not there any more', async () => {
    const deployment = await deploy(['a', 'b', 'c']);
    cluster.agents.get('a')!.bus.kill();
    const { outputs, degraded } = await deployment.infer('r1', inputs);
    expectRight(outputs);
    expect(degraded).toBe(true);
  });

  it('pieces that are lost: nobody waits for ever', async () => {
    const deployment = await deploy(['a', 'b', MASTER], { deadlines: { minMs: 100, maxMs: 400 } });
    cluster.hub.copies = (topic) => (topic.endsWith('/halo') ? 0 : 1);
    const { outputs, degraded } = await deployment.infer('r1', inputs);
    expectRight(outputs);
    expect(degraded).toBe(true);
  });

  it('double pieces are dropped', async () => {
    const deployment = await deploy(['a', MASTER, 'b']);
    cluster.hub.copies = (topic) => (topic.endsWith('/halo') ? 2 : 1);
    for (const request of ['r1', 'r2', 'r3']) {
      const { outputs, degraded } = await deployment.infer(request, inputs);
      expectRight(outputs);
      expect(degraded).toBe(false);
    }
  });
});
