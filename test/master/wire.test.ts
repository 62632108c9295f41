import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { engineNamed } from '../../src/engine/engines.ts';
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
const BOUND = { float16: 4e-3, int8: 4e-2 } as const;
const LOSSY = ['float16', 'int8'] as const;
const SHAPE = [1, 3, 32, 32];

/** Feature maps with a residual branch, then dense layers: maps and flat vectors travel, and one tensor has two readers. */
function smallNet(): Graph {
  const net = new GraphBuilder('wired', 7);
  const image = net.input('image', SHAPE);
  const first = net.relu('r1', net.conv('c1', image, { channels: 16, kernel: 3, pad: 1 }));
  const second = net.relu('r2', net.conv('c2', first, { channels: 16, kernel: 3, pad: 1 }));
  const sum = net.add('sum', first, second);
  const pooled = net.maxPool('p', net.relu('r3', net.conv('c3', sum, { channels: 24, kernel: 3 })), {
    kernel: 2,
    stride: 2,
  });
  const flat = net.flatten('flat', pooled);
  const dense = net.relu('r4', net.gemm('d1', flat, 40));
  return inferTypes(simplify(inferTypes(net.build([net.gemm('d2', dense, 12), second]))));
}

describe('what travels narrower than float32', () => {
  const graph = smallNet();
  const inputs = new Map([['image', seeded(SHAPE)]]);
  let whole: ReadonlyMap<string, Tensor>;
  let cluster: TestCluster;

  beforeAll(async () => {
    const engine = new OnnxruntimeEngine({ threads: 1 });
    await engine.start();
    whole = await runWhole(engine, graph, inputs);
    await engine.stop();
  });
  afterEach(() => cluster.stop());

  async function inferred(plan: { strategy: string; scheme?: string; wire: Precision }, engines = ['onnxruntime', 'onnxruntime', 'onnxruntime']) {
    cluster = new TestCluster();
    await cluster.start([{ name: 'net', graph, ...plan }], engines.length, {
      agentOf: (at) => ({ engine: engineNamed(engines[at] as 'onnxruntime', { threads: 1 }) }),
    });
    const deployment = cluster.master.deployment('net')!;
    expect(deployment.plan.stages.some(isDistributed)).toBe(true);
    const result = await cluster.master.infer('net', 'r', inputs);
    expect(result.degraded).toBe(false);
    return { ...result, plan: deployment.plan };
  }

  for (const wire of LOSSY) {
    it.each([
      ['depth', 'output-depth'],
      ['depth', 'input-depth'],
      ['depth', 'depth-grid'],
      ['rows', undefined],
      ['grid', undefined],
      ['iop', undefined],
      ['deepthings', undefined],
    ])(`equals the whole model within the bound of ${wire}, by %s %s`, async (strategy, scheme) => {
      const { outputs, stages, plan } = await inferred({ strategy, ...(scheme ? { scheme } : {}), wire });
      const { maxRelativeDifference } = differenceOf(outputs, whole);
      expect(maxRelativeDifference).toBeLessThan(BOUND[wire]);
      // float32 over a lossy wire would be a bug that no bound shows
      expect(maxRelativeDifference).toBeGreaterThan(0);
      for (const [name, { dtype }] of outputs) expect([name, dtype]).toEqual([name, 'float32']);
      const bytes = stages.reduce((sum, stage) => sum + stage.bytes, 0);
      expect(bytes).toBeLessThan(plan.stages.reduce((sum, { cost }) => sum + cost.publishedBytes, 0) * 1.001);
    });
  }
});

function seeded(shape: readonly number[]): Tensor {
  return Tensor.float32(shape, Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, at) => Math.sin(at * 1.7) * 2));
}
