import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type EngineName, engineNamed } from '../../src/engine/engines.ts';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { simplify } from '../../src/graph/passes/index.ts';
import { summarize } from '../../src/master/summary.ts';
import { isDistributed } from '../../src/planner/plan.ts';
import { checkGolden } from '../../src/repository/golden.ts';
import { differenceOf } from '../../src/tensor/difference.ts';
import type { Precision } from '../../src/tensor/precision.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import type { Will } from '../../src/transport/bus.ts';
import { MemoryBus } from '../../src/transport/memory-bus.ts';
import { GraphBuilder } from '../../src/zoo/builder.ts';
import { TestCluster } from '../support/cluster.ts';
import { coded } from '../support/code.ts';
import { runWhole } from '../support/execute.ts';
import { until } from '../support/until.ts';

/** Of the largest magnitude of the outputs; each of the few layers rounds once or twice. */
const BOUND = { float16: 4e-3, int8: 6e-2 } as const;
const LOSSY = ['float16', 'int8'] as const;

type Inputs = ReadonlyMap<string, Tensor>;

/** A model, an input of it, and what onnxruntime gives for the whole. */
interface Case {
  readonly graph: Graph;
  readonly inputs: Inputs;
  readonly whole: Inputs;
}

/** Feature maps with a residual branch, then dense layers: maps and flat vectors travel, and tensors have two readers. */
function mixedGraph(): Graph {
  const net = new GraphBuilder('mixed', 7);
  const image = net.input('image', [1, 3, 32, 32]);
  const first = net.relu('r1', net.conv('c1', image, { channels: 16, kernel: 3, pad: 1 }));
  const second = net.relu('r2', net.conv('c2', first, { channels: 16, kernel: 3, pad: 1 }));
  const third = net.relu('r3', net.conv('c3', net.add('sum', first, second), { channels: 24, kernel: 3 }));
  const flat = net.flatten('flat', net.maxPool('p', third, { kernel: 2, stride: 2 }));
  const dense = net.relu('r4', net.gemm('d1', flat, 40));
  return net.build([net.gemm('d2', dense, 12), second]);
}

/** Many channels on small planes: on a fleet of assumed speed it pays to distribute them. */
function deepGraph(): Graph {
  const net = new GraphBuilder('deep', 3);
  let tensor = net.input('image', [1, 256, 14, 14]);
  for (const layer of [1, 2, 3]) {
    tensor = net.relu(`r${layer}`, net.conv(`c${layer}`, tensor, { channels: 256, kernel: 3, pad: 1 }));
  }
  return net.build([tensor]);
}

async function caseOf(made: Graph): Promise<Case> {
  const graph = inferTypes(simplify(inferTypes(made)));
  const { shape } = graph.types.get('image')!;
  const size = shape.reduce((product, extent) => product * extent, 1);
  const image = Tensor.float32(
    shape,
    Float32Array.from({ length: size }, (_, at) => 2 * Math.sin(1.7 * at)),
  );
  const inputs = new Map([['image', image]]);
  const engine = new OnnxruntimeEngine({ threads: 1 });
  await engine.start();
  const whole = await runWhole(engine, graph, inputs);
  await engine.stop();
  return { graph, inputs, whole };
}

describe('what travels narrower than float32', () => {
  let mixed: Case;
  let deep: Case;
  let cluster: TestCluster;
  beforeAll(async () => {
    mixed = await caseOf(mixedGraph());
    deep = await caseOf(deepGraph());
  });
  afterEach(() => cluster.stop());

  /** Over the wire, by agents of these engines, as planned. */
  async function expectEqual(
    { graph, inputs, whole }: Case,
    plan: { strategy: string; scheme?: string; wire: Exclude<Precision, 'float32'> },
    engines: readonly EngineName[] = ['onnxruntime', 'onnxruntime', 'onnxruntime'],
  ) {
    cluster = new TestCluster();
    await cluster.start([{ name: 'net', graph, ...plan }], engines.length, {
      agentOf: (at) => ({ engine: engineNamed(engines[at]!, { threads: 1 }) }),
    });
    const { plan: planned } = cluster.master.deployment('net')!;
    expect(planned.stages.some(isDistributed)).toBe(true);
    const { outputs, stages, degraded } = await cluster.master.infer('net', 'r', inputs);
    expect(degraded).toBe(false);
    const { maxRelativeDifference } = differenceOf(outputs, whole);
    expect(maxRelativeDifference).toBeLessThan(BOUND[plan.wire]);
    // a float32 wire would be within any bound
    expect(maxRelativeDifference).toBeGreaterThan(0);
    for (const [name, { dtype }] of outputs) expect([name, dtype]).toEqual([name, 'float32']);
    return { planned, stages };
  }

  for (const wire of LOSSY) {
    it.each(['output-depth', 'input-depth', 'depth-grid'])(
      `equals the whole model within the bound of ${wire}, cut by %s`,
      async (scheme) => {
        await expectEqual(mixed, { strategy: 'depth', scheme, wire });
      },
    );

    it.each(['rows', 'grid', 'iop', 'auto'])(
      `equals the whole model within the bound of ${wire}, by the strategy %s`,
      async (strategy) => {
        await expectEqual(deep, { strategy, wire });
      },
    );

    it(`sends the bytes that the plan predicts for ${wire}`, async () => {
      const { planned, stages } = await expectEqual(mixed, { strategy: 'depth', wire });
      const sent = stages.filter(({ bytes }) => bytes > 0).map(({ name, bytes }) => [name, bytes]);
      for (const [at, { name, cost }] of planned.stages.filter(isDistributed).entries()) {
        expect(sent[at]![0]).toBe(name);
        const ratio = (sent[at]![1] as number) / cost.publishedBytes;
        expect(ratio).toBeCloseTo(1, 6);
      }
    });

    it(`goes over ${wire} to agents of unlike engines`, async () => {
      await expectEqual(mixed, { strategy: 'depth', scheme: 'depth-grid', wire }, [
        'onnxruntime',
        'tfjs-wasm',
      ]);
    });
  }

  it('names a wire that loses some in the summary, and none that does not', async () => {
    const { graph, inputs } = mixed;
    const model = { name: 'net', graph, strategy: 'depth' };
    cluster = await new TestCluster().start(
      [
        { ...model, wire: 'float16' },
        { ...model, name: 'wide', wire: 'float32' },
        { ...model, name: 'local', strategy: 'local', wire: 'int8' },
      ],
      2,
    );
    await until(() => ['net', 'wide', 'local'].every((name) => cluster.master.deployment(name)));
    const wires = ['net', 'wide', 'local'].map(async (name) => {
      const result = await cluster.master.infer(name, 'r', inputs);
      return summarize({ ...model, name }, 'r', 2, result).wire;
    });
    // what never travels loses nothing
    expect(await Promise.all(wires)).toEqual(['float16', undefined, undefined]);
  });

  it('is run by the master as by an agent that is gone', async () => {
    const { graph, inputs, whole } = mixed;
    const model = { name: 'net', graph, strategy: 'depth', scheme: 'depth-grid', wire: 'float16' } as const;
    cluster = await new TestCluster().start([model], 3, { settleMs: 60_000 });
    cluster.kill('agent-1');
    const { outputs, degraded } = await cluster.master.infer('net', 'r', inputs);
    expect(degraded).toBe(true);
    expect(differenceOf(outputs, whole).maxRelativeDifference).toBeLessThan(BOUND.float16);
  });

  it.each(LOSSY)('may be %s at a master whose engine does not know that type', async (wire) => {
    const { graph, inputs, whole } = mixed;
    cluster = await new TestCluster().start([{ name: 'net', graph, strategy: 'depth', wire }], 2, {
      engine: engineNamed('tfjs-wasm'),
    });
    const { outputs, degraded } = await cluster.master.infer('net', 'r', inputs);
    expect(degraded).toBe(false);
    expect(differenceOf(outputs, whole).maxRelativeDifference).toBeLessThan(BOUND[wire]);
  });

  it('ends in a coded error where a value is too large for it', async () => {
    const { graph, inputs } = mixed;
    const huge = new Map([['image', Tensor.float32([1, 3, 32, 32], new Float32Array(3072).fill(1e6))]]);
    cluster = await new TestCluster().start([{ name: 'net', graph, strategy: 'depth', wire: 'float16' }], 2);
    await expect(cluster.master.infer('net', 'r1', huge)).rejects.toMatchObject(
      coded('ISO_ERR_WIRE_OVERFLOW', 'travelled as float16'),
    );
    await expect(cluster.master.infer('net', 'r2', inputs)).resolves.toMatchObject({ wire: 'float16' });
  });

  it('has golden outputs within what it loses, and finds a wrong one all the same', async () => {
    const { graph, inputs, whole } = mixed;
    const golden = [{ inputs, outputs: whole, tolerance: 1e-6 }];
    const model = { name: 'net', graph, golden, strategy: 'depth' };
    const infer = async () => {
      const { outputs } = await cluster.master.infer('net', 'r', inputs);
      return outputs;
    };
    cluster = await new TestCluster().start([{ ...model, wire: 'float16' }], 2);
    await checkGolden({ ...model, wire: 'float16' }, infer);
    await expect(checkGolden(model, infer)).rejects.toMatchObject(
      coded('ISO_ERR_GOLDEN_MISMATCH', 'more than 0.000001'),
    );
    const wrong = new Map([...whole].map(([name, { shape }]) => [name, Tensor.zeros('float32', shape)]));
    const other = { ...model, golden: [{ ...golden[0]!, outputs: wrong }], wire: 'int8' } as const;
    await expect(checkGolden(other, infer)).rejects.toMatchObject(
      coded('ISO_ERR_GOLDEN_MISMATCH', 'more than 0.7'),
    );
  });

  it('leaves out an agent of a version that does not know it', async () => {
    const { graph, inputs } = mixed;
    const model = { name: 'net', graph, strategy: 'depth', wire: 'float16' } as const;
    cluster = await new TestCluster().start([model], 1);
    const refused = new Promise<string>((resolve) => {
      cluster.master.on('failed', ({ agents, error }) => resolve(`${agents}: ${error.message}`));
    });
    const connect = (will: Will) => {
      const bus = new MemoryBus(cluster.hub, { will });
      const publish = bus.publish.bind(bus);
      bus.publish = (topic, payload, options) =>
        publish(topic, topic.endsWith('/profile') ? withoutWire(payload) : payload, options);
      return bus;
    };
    await cluster.addAgent('older', { connect });
    expect(await refused).toMatch(/^older: .* cannot send and take float16\.$/);
    const { degraded } = await cluster.master.infer('net', 'r', inputs);
    expect([degraded, cluster.master.deployment('net')!.agents]).toEqual([false, ['agent-0']]);
  });
});

/** The profile as agents published it before there was a choice. */
function withoutWire(profile: string | Uint8Array): string {
  const { wire: _, ...older } = JSON.parse(String(profile));
  return JSON.stringify(older);
}
