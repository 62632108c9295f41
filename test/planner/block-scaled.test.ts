import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { prepareGraph } from '../../src/engine/prepare.ts';
import { readOnnx, writeOnnx } from '../../src/formats/onnx/index.ts';
import { planGraph } from '../../src/planner/strategies.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { runPlan, runWhole } from '../support/execute.ts';
import { fleetOfWorkers } from '../support/fleet.ts';
import { difference, runOnnx } from '../support/onnxruntime.ts';
import { blockScaled } from '../support/quantised-models.ts';

/** Shares of the largest magnitude: float rounding, where inputs that are rounded to 8 bits give 1e-3. */
const ROUNDING = 1e-6;

describe('a dense layer whose filters are scaled in blocks', () => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  it.each(['local', 'output-depth', 'input-depth'] as const)(
    'run by %s: as onnxruntime without optimisation',
    async (way) => {
      const bytes = writeOnnx(blockScaled());
      const x = Tensor.float32(
        [1, 3, 8, 8],
        Float32Array.from({ length: 192 }, (_, at) => Math.sin(at * 1.7)),
      );
      const [wanted] = Object.values(await runOnnx(bytes, { x }));
      const largest = Math.max(...Array.from(wanted!.data as Float32Array, Math.abs));
      const graph = await prepareGraph(readOnnx(bytes, { file: 'blocks' }), engine);
      const fleet = fleetOfWorkers([1, 2, 1].map((weight, at) => ({ id: `agent-${at}`, weight })));
      const options = { strategy: 'depth', scheme: way } as const;
      const inputs = new Map([['x', x]]);
      const made =
        way === 'local'
          ? await runWhole(engine, graph, inputs)
          : await runPlan(engine, graph, planGraph(graph, fleet, options), inputs);
      const limits = { relative: 0, absolute: ROUNDING * largest };
      expect(difference(made.get('y')!, wanted!, limits)).toBeUndefined();
    },
  );
});
