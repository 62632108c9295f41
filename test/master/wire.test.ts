import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type EngineName, engineNamed } from '../../src/engine/engines.ts';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { simplify } from '../../src/graph/passes/index.ts';
import { isDistributed } from '../../src/planner/plan.ts';
import { differenceOf } from '../../src/tensor/difference.ts';
import type { Precision } from '../../src/tensor/precision.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { GraphBuilder } from '../../src/zoo/builder.ts';
import { TestCluster } from '../support/cluster.ts';
import { runWhole } from '../support/execute.ts';

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
      const scales = wire === 'int8';
      for (const [at, { name, cost }] of planned.stages.filter(isDistributed).entries()) {
        expect(sent[at]![0]).toBe(name);
        const ratio = (sent[at]![1] as number) / cost.publishedBytes;
        // scales stand in headers, which are not counted
        expect(ratio).toBeLessThanOrEqual(1);
        expect(ratio).toBeGreaterThan(scales ? 0.75 : 0.9999);
      }
    });

    it(`goes over ${wire} to agents of unlike engines`, async () => {
      await expectEqual(mixed, { strategy: 'depth', scheme: 'depth-grid', wire }, [
        'onnxruntime',
        'tfjs-wasm',
      ]);
    });
  }
});
