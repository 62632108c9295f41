import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CompiledProgram, Engine } from '../../src/engine/engine.ts';
import { learnTypes } from '../../src/engine/learn-types.ts';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { prepareGraph } from '../../src/engine/prepare.ts';
import { requireHeld } from '../../src/engine/unheld.ts';
import { writeOnnx } from '../../src/formats/onnx/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { planGraph, STRATEGY_NAMES } from '../../src/planner/strategies.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { runPlan } from '../support/execute.ts';
import { fleetOfWorkers } from '../support/fleet.ts';
import { graphOf, nodeOf } from '../support/graphs.ts';
import { difference, runOnnx } from '../support/onnxruntime.ts';
import { numbers } from '../support/operators.ts';

const TEXT = 8;
const FLOAT = 1;
const workers = [1, 2, 1].map((weight, at) => ({ id: `agent-${at}`, weight }));

/** A feature map that is text between two convolutions: read before and after a layer that is cut. */
function throughText(outputs = ['y']): Graph {
  const nodes = [
    nodeOf('Conv', ['x', 'w1'], ['a'], { pads: [1, 1, 1, 1] }),
    nodeOf('Cast', ['a'], ['text'], { to: TEXT }),
    nodeOf('Identity', ['text'], ['same']),
    nodeOf('Conv', ['a', 'w2'], ['b'], { pads: [1, 1, 1, 1] }),
    nodeOf('Cast', ['same'], ['c'], { to: FLOAT }),
    nodeOf('Add', ['b', 'c'], ['d']),
    nodeOf('Conv', ['d', 'w2'], ['e'], { pads: [1, 1, 1, 1] }),
    nodeOf('Cast', ['text'], ['f'], { to: FLOAT }),
    nodeOf('Add', ['e', 'f'], ['y']),
  ];
  const constants = { w1: numbers([6, 3, 3, 3], 5), w2: numbers([6, 6, 3, 3], 6) };
  return graphOf({ x: [1, 3, 8, 8] }, nodes, { constants, outputs });
}

/** As `throughText`, but what lies between is a sequence, made by operators that Isobath does not know. */
function throughSequence(outputs = ['y']): Graph {
  const nodes = [
    nodeOf('Conv', ['x', 'w1'], ['a'], { pads: [1, 1, 1, 1] }),
    nodeOf('SequenceConstruct', ['a', 'a'], ['sequence']),
    nodeOf('Conv', ['a', 'w2'], ['b'], { pads: [1, 1, 1, 1] }),
    nodeOf('ConcatFromSequence', ['sequence'], ['c'], { axis: 1 }),
    nodeOf('Concat', ['b', 'c'], ['y'], { axis: 1 }),
  ];
  const constants = { w1: numbers([6, 3, 3, 3], 5), w2: numbers([6, 6, 3, 3], 6) };
  return graphOf({ x: [1, 3, 8, 8] }, nodes, { constants, outputs });
}

describe('tensors that Isobath cannot hold', () => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  it.each([
    ['text', throughText(['y', 'same'])],
    ['a sequence', throughSequence(['y', 'sequence'])],
  ])('are never asked of the engine as outputs of a program: %s', async (_, graph) => {
    await expect(engine.compile(graph)).rejects.toMatchObject({ code: 'ISO_ERR_TENSOR_TYPE' });
    await expect(prepareGraph(graph, engine)).rejects.toMatchObject({
      code: 'ISO_ERR_TENSOR_TYPE',
      message: expect.stringMatching(/tensor (same|sequence) .* type (string|not a tensor)/),
      cure: expect.stringContaining('Cast'),
    });
  });

  it.each(
    STRATEGY_NAMES.flatMap((strategy) => [
      ['text', strategy, throughText()] as const,
      ['a sequence', strategy, throughSequence()] as const,
    ]),
  )('stay inside a program: %s, planned by %s', async (_, strategy, original) => {
    const graph = await prepareGraph(original, engine);
    const plan = planGraph(graph, fleetOfWorkers(workers), { strategy });
    if (strategy === 'depth') expect(plan.stages.map(({ scheme }) => scheme)).toContain('output-depth');
    const x = numbers([1, 3, 8, 8], 3);
    const got = await runPlan(engine, graph, plan, new Map([['x', x]]));
    const want = await runOnnx(writeOnnx(original), { x });
    expect(difference(got.get('y')!, want['y']!, { relative: 1e-4, absolute: 1e-4 })).toBeUndefined();
  });

  it.each(['int4', 'uint4', 'int2', 'float8e5m2', 'string', 'not a tensor'])(
    'are refused by their declared type: %s',
    (type) => {
      const graph = throughText();
      const declared = [
        { name: 'y', type },
        { name: 'other', type: 'float32' },
      ];
      expect(() => requireHeld(graph, declared)).toThrow(`The tensor y that`);
      expect(() => requireHeld(graph, [{ name: 'y', type: 'float32' }])).not.toThrow();
    },
  );

  it('are not run to learn their shapes', async () => {
    const asked: string[] = [];
    const program: CompiledProgram = {
      run: async () => ({ outputs: [Tensor.zeros('float32', [2])], computeMs: 0 }),
      dispose: async () => undefined,
    };
    /** Declares that the first operator gives int4. */
    const narrow = {
      compile: async (graph: Graph) => {
        requireHeld(
          graph,
          graph.outputs.map((name) => ({ name, type: name === 'n' ? 'int4' : 'float32' })),
        );
        asked.push(...graph.outputs);
        return program;
      },
    } as unknown as Engine;
    const nodes = [nodeOf('Narrow', ['x'], ['n']), nodeOf('Widen', ['n'], ['y'])];
    const learnt = await learnTypes(graphOf({ x: [2] }, nodes, { outputs: ['y'] }), narrow);
    expect(asked).toEqual(['y']);
    expect([...learnt.types.keys()]).toEqual(['x', 'y']);
    await expect(learnTypes(graphOf({ x: [2] }, nodes, { outputs: ['n'] }), narrow)).rejects.toMatchObject({
      code: 'ISO_ERR_TENSOR_TYPE',
    });
  });
});
