import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { prepareGraph } from '../../src/engine/prepare.ts';
import { encodeTensor, readOnnx } from '../../src/formats/onnx/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { planGraph } from '../../src/planner/strategies.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { branch, choice, int, type Nodes, rankDecided, scalar } from '../support/branches.ts';
import { runPlan, runWhole } from '../support/execute.ts';
import { fleetOfWorkers } from '../support/fleet.ts';
import { floats, ints } from '../support/graphs.ts';
import { model, node, value } from '../support/onnx-model.ts';
import { difference, runOnnx } from '../support/onnxruntime.ts';
import { numbers } from '../support/operators.ts';

const workers = [1, 2].map((weight, at) => ({ id: `agent-${at}`, weight }));
const TOLERANCE = { relative: 1e-5, absolute: 1e-6 };
/** relu(x), then the one of two branches that `condition` says, which is made by `nodes`. */
function chosen(
  nodes: Nodes,
  yes: ReturnType<typeof branch>,
  no: ReturnType<typeof branch>,
  constants: Record<string, Tensor> = {},
): Uint8Array {
  return model(
    {
      node: [node('Relu', ['x'], ['y']), ...nodes, choice('condition', yes, no, 'out')],
      input: [value('x', [1, 1, 'length'])],
      output: [{ name: 'out' }],
      initializer: Object.entries(constants).map(([name, tensor]) => encodeTensor(name, tensor)),
    },
    16,
  );
}

describe('a model with branches', () => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  const prepared = (bytes: Uint8Array, length: number) =>
    prepareGraph(readOnnx(bytes, { file: 'test.onnx', shapes: { x: [1, 1, length] } }), engine);
  /** Against onnxruntime on the file as it came, whose axes are open. */
  const compare = async (bytes: Uint8Array, graph: Graph, x: Tensor) => {
    const want = (await runOnnx(bytes, { x }))['out']!;
    const plan = planGraph(graph, fleetOfWorkers(workers), { strategy: 'depth' });
    const inputs = new Map([['x', x]]);
    for (const got of [await runWhole(engine, graph, inputs), await runPlan(engine, graph, plan, inputs)]) {
      expect(difference(got.get('out')!, want, TOLERANCE)).toBeUndefined();
    }
    return want;
  };
  const ops = (graph: Graph) => graph.nodes.map(({ op }) => op);

  it('keeps the one that its shape takes: the rank decides', async () => {
    const bytes = rankDecided('length');
    const graph = await prepared(bytes, 3);
    expect(ops(graph)).toEqual(['Conv', 'Relu', 'Reshape', 'LSTM']);
    expect(graph.types.get('out')?.shape).toEqual([1, 1, 1, 4]);
    expect((await compare(bytes, graph, numbers([1, 1, 3]))).shape).toEqual([1, 1, 1, 4]);
    // a file whose axes are closed is the same model
    expect((await prepared(rankDecided(3), 3)).types.get('out')?.shape).toEqual([1, 1, 1, 4]);
    // the other way round
    const longer = await prepared(bytes, 5);
    expect(ops(longer)).toEqual(['Conv', 'Relu', 'LSTM']);
    expect((await compare(bytes, longer, numbers([1, 1, 5]))).shape).toEqual([1, 1, 3, 4]);
  });

  it('inlines branches in branches, under names that are free', async () => {
    // y is a name of the graph around them, and again one of theirs
    const inner = branch([node('Add', ['mine', 'w'], ['deep'])], 'deep', { w: floats(1) });
    const other = branch([node('Mul', ['mine', 'y'], ['deep'])], 'deep');
    const yes = branch(
      [node('Neg', ['y'], ['mine']), node('Not', ['condition'], ['no']), choice('no', other, inner, 'mid')],
      'mid',
    );
    const no = branch([node('Exp', ['y'], ['mine'])], 'mine');
    const bytes = chosen(
      [
        node('Shape', ['y'], ['s']),
        node('Size', ['s'], ['rank']),
        node('Equal', ['rank', 'three'], ['condition']),
      ],
      yes,
      no,
      { three: scalar(3) },
    );
    const graph = await prepared(bytes, 6);
    expect(ops(graph)).toEqual(['Relu', 'Neg', 'Add']);
    await compare(bytes, graph, numbers([1, 1, 6]));
  });

  it('takes a constant condition, and a branch that passes on what is made outside of it', async () => {
    const bytes = chosen(
      [node('Constant', [], ['condition'], { value: { type: 4, t: encodeTensor('', truth(true)) } })],
      branch([node('Identity', ['y'], ['same'])], 'same'),
      branch([node('Exp', ['y'], ['e'])], 'e'),
    );
    await compare(bytes, await prepared(bytes, 6), numbers([1, 1, 6]));
  });

  it('asks the engine for a condition that no input changes and that Isobath cannot compute', async () => {
    const nodes = [node('Det', ['square'], ['det']), node('Greater', ['det', 'zero'], ['condition'])];
    const bytes = chosen(
      nodes,
      branch([node('Squeeze', ['y', 'last'], ['s'])], 's'),
      branch([node('Neg', ['y'], ['n'])], 'n'),
      { square: Tensor.float32([2, 2], [1, 2, 3, 4]), zero: Tensor.float32([], [0]), last: ints(-1) },
    );
    const graph = await prepared(bytes, 6);
    expect(ops(graph)).toEqual(['Relu', 'Neg']);
    await compare(bytes, graph, numbers([1, 1, 6]));
  });

  it('runs where the input decides, and the branch that is not taken does not fit its shape', async () => {
    const nodes = [
      node('ReduceSum', ['x'], ['sum'], { keepdims: int(0) }),
      node('Greater', ['sum', 'limit'], ['condition']),
    ];
    const bytes = chosen(
      nodes,
      branch([node('Squeeze', ['y', 'last'], ['s'])], 's'),
      branch([node('Neg', ['y'], ['n'])], 'n'),
      { limit: Tensor.float32([], [1000]), last: ints(-1) },
    );
    const graph = await prepared(bytes, 6);
    expect(ops(graph)).toContain('If');
    expect(graph.types.has('out')).toBe(false);
    await compare(bytes, graph, numbers([1, 1, 6]));
  });
});

function truth(is: boolean): Tensor<'bool'> {
  return Tensor.of('bool', [], Uint8Array.of(is ? 1 : 0));
}
