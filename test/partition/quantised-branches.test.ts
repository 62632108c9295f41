import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { simplify } from '../../src/graph/passes/index.ts';
import { runOf } from '../../src/partition/run.ts';
import { SCHEMES } from '../../src/partition/schemes/index.ts';
import { runWhole } from '../support/execute.ts';
import { integers } from '../support/quantised.ts';
import { quantisedBlock } from '../support/quantised-block.ts';
import { coverageFault, runShards } from '../support/run-shards.ts';

describe.each([
  ['qdq', 'uint8'],
  ['qdq', 'int8'],
  ['qlinear', 'uint8'],
  ['qlinear', 'int8'],
] as const)('the branches of a block that is joined in steps of its own (%s, %s)', (format, type) => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  it.each([[[1, 1, 1]], [[1, 4]], [[1]], [[2, 1, 1, 1, 1]]])(
    'on workers of %j give every bit of the whole',
    async (weights) => {
      const graph = inferTypes(simplify(inferTypes(quantisedBlock(format, type))));
      const run = runOf(graph, graph.nodes);
      const x = integers(type, [1, 4, 9, 7], (at) => ((at * 89) % 256) - (type === 'int8' ? 128 : 0));
      const cut = SCHEMES['branches']!.cut(run, weights);
      expect(cut).toHaveLength(Math.min(weights.length, 3));
      expect(coverageFault(run, cut)).toBeUndefined();
      const [name = ''] = graph.outputs;
      const inputs = new Map([['x', x]]);
      const whole = await runWhole(engine, graph, inputs);
      const joined = await runShards(engine, run, cut, inputs);
      expect(joined.get(name)!.data).toEqual(whole.get(name)!.data);
    },
  );
});
