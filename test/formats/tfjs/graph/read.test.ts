import { describe, expect, it } from '@jest/globals';
import { writeOnnx } from '../../../../src/formats/onnx/index.ts';
import { Tensor } from '../../../../src/tensor/tensor.ts';
import { difference, runOnnx } from '../../../support/onnxruntime.ts';
import {
  FLOAT,
  GraphDefBuilder,
  type GraphModelFile,
  INT32,
  readModel,
} from '../../../support/tfjs-graph.ts';

/** Parsed JSON that a test takes apart. */
// biome-ignore lint/suspicious/noExplicitAny: its form is what the test knows
type Json = Record<string, any>;

/** x -> Relu -> y, changed by `change`. */
function changed(change: (json: Json) => void): GraphModelFile {
  const builder = new GraphDefBuilder();
  const model = builder.model({
    y: builder.add('Relu', [builder.add('Add', [builder.placeholder('x', [null, 3]), builder.floats([3])])]),
  });
  const json = structuredClone(model.json) as Json;
  change(json);
  return { ...model, json };
}

describe('a graph model', () => {
  it('that uses what we cannot translate names every such node at once, and nothing else', async () => {
    const b = new GraphDefBuilder();
    const x = b.placeholder('x', [null, 4, 4, 2]);
    const first = b.add('Relu', [b.add('NonMaxSuppressionV5', [x])]);
    const second = b.add('TensorArrayV3', [x]);
    const third = b.add(
      'MirrorPad',
      [x, b.constant(Tensor.of('int32', [4, 2], Int32Array.of(0, 0, 9, 1, 1, 1, 0, 0)))],
      { mode: 'SYMMETRIC' },
    );
    const last = b.add('AddN', [first, second, third]);
    const error = { code: 'ISO_ERR_MODEL_UNSUPPORTED', cure: expect.stringContaining('docs/models.md') };
    await expect(readModel(b.model({ y: last }))).rejects.toMatchObject({
      ...error,
      message: expect.stringMatching(
        /cannot translate these 3 nodes: NonMaxSuppressionV5_\d+ \(NonMaxSuppressionV5\), TensorArrayV3_\d+ \(TensorArrayV3\), MirrorPad_\d+ \(MirrorPad: it mirrors 9 and 1 of 4 elements\)/,
      ),
    });
  });

  it('with a loop of the first kind names its nodes, and is not called damaged', async () => {
    const b = new GraphDefBuilder();
    const enter = b.add('Enter', [b.placeholder('x', [1])], { frame_name: 'f' });
    const merge = b.add('Merge', [enter, 'next']);
    const condition = b.add('LoopCond', [b.add('Less', [merge, b.float(10)])]);
    const turn = b.add('Switch', [merge, condition]);
    const model = b.model({ y: b.add('Exit', [turn]) });
    const nodes = (model.json['modelTopology'] as Json)['node'] as Json[];
    nodes.push({ name: 'next', op: 'NextIteration', input: ['grown'], attr: {} });
    nodes.push({ name: 'grown', op: 'Relu', input: [`${turn}:1`], attr: {} });
    await expect(readModel(model)).rejects.toMatchObject({
      code: 'ISO_ERR_MODEL_UNSUPPORTED',
      message: expect.stringMatching(
        /these 6 nodes: Enter_\d+ \(Enter\), Merge_\d+ \(Merge\), LoopCond_\d+ \(LoopCond\), Switch_\d+ \(Switch\), Exit_\d+ \(Exit\), next \(NextIteration\)/,
      ),
    });
  });

  it('whose node depends on its own output without a loop is called damaged', async () => {
    const model = changed((json) => {
      const [relu] = (json['modelTopology'].node as Json[]).filter(({ op }) => op === 'Add');
      relu!.input[1] = relu!.name;
    });
    await expect(readModel(model)).rejects.toMatchObject({ code: 'ISO_ERR_MODEL_MALFORMED' });
  });

  it('with a loop whose end only a run can tell, and a function that is not there, says so', async () => {
    const b = new GraphDefBuilder();
    const x = b.placeholder('x', [3]);
    const types = [['x', FLOAT]] as const;
    const cond = b.define('cond', types, (f, y) => [
      f.add('Less', [f.add('Max', [y!, f.ints(0)]), f.float(9)]),
    ]);
    const body = b.define('body', types, (f, y) => [f.add('Exp', [y!])]);
    const loop = b.add('While', [x], { cond, body });
    const lost = b.add('PartitionedCall', [x], { f: { func: { name: 'nothing' } } });
    const inside = b.define('inside', types, (f, y) => [f.add('TensorArrayV3', [y!])]);
    const hidden = b.add('StatefulPartitionedCall', [x], { f: inside });
    await expect(readModel(b.model({ y: b.add('AddN', [loop, lost, hidden]) }))).rejects.toMatchObject({
      code: 'ISO_ERR_MODEL_UNSUPPORTED',
      message: expect.stringMatching(
        /While: it is a loop whose end only a run can tell\), .*calls the function nothing, which is not there\), inside\/TensorArrayV3_\d+ \(TensorArrayV3\)/,
      ),
    });
  });

  it('is read though nodes that its outputs do not need cannot be translated', async () => {
    const b = new GraphDefBuilder();
    const x = b.placeholder('x', [null, 3]);
    b.add('Print', [x]);
    expect((await readModel(b.model({ y: b.add('Relu', [x]) }))).nodes).toHaveLength(1);
  });

  it('ignores control inputs, and reads further outputs of a node', async () => {
    const b = new GraphDefBuilder();
    const x = b.placeholder('x', [null, 4]);
    const parts = b.add('Split', [b.int(1), x], { num_split: 2 });
    const graph = await readModel(b.model({ y: b.add('Relu', [`${parts}:1`, `^${parts}`]) }));
    const got = await runOnnx(writeOnnx(graph), { x: Tensor.float32([1, 4], [1, 2, 3, 4]) });
    expect(
      difference(got['y']!, Tensor.float32([1, 2], [3, 4]), { relative: 0, absolute: 0 }),
    ).toBeUndefined();
  });

  it('without a signature has its placeholders as inputs and its ends as outputs', async () => {
    const graph = await readModel(changed((json) => delete json['signature']));
    expect(graph.inputs).toEqual(['x']);
    expect(graph.outputs).toEqual([expect.stringMatching(/^Relu_/)]);
  });

  it('takes the shape of an open input from the caller, and asks for it where it is missing', async () => {
    const b = new GraphDefBuilder();
    const model = b.model({ y: b.add('Relu', [b.placeholder('x', [null, null, 8])]) });
    await expect(readModel(model)).rejects.toMatchObject({
      code: 'ISO_ERR_MODEL_DYNAMIC_SHAPE',
      message: expect.stringContaining('x has the open dimensions [?, ?, 8]'),
    });
    const graph = await readModel(model, { x: [2, 5, 8] });
    expect(graph.types.get('y')).toEqual({ dtype: 'float32', shape: [2, 5, 8] });
    await expect(readModel(model, { x: [2, 5, 9] })).rejects.toMatchObject({
      code: 'ISO_ERR_INPUT_MISMATCH',
    });
  });

  it('may take and give integers', async () => {
    const b = new GraphDefBuilder();
    const graph = await readModel(
      b.model({ y: b.add('AddV2', [b.placeholder('x', [2], INT32), b.ints(3, 4)]) }),
    );
    expect(graph.types.get('y')).toEqual({ dtype: 'int32', shape: [2] });
  });

  it('whose output is a constant, an input, or twice the same, keeps it', async () => {
    const b = new GraphDefBuilder();
    const x = b.placeholder('x', [null, 3]);
    const sum = b.add('Relu', [x]);
    const graph = await readModel(b.model({ a: sum, b: sum, c: b.floats([2]), d: x }));
    const got = await runOnnx(writeOnnx(graph), { x: Tensor.float32([1, 3], [-1, 0, 2]) });
    expect(Object.keys(got).sort()).toEqual(['a', 'b', 'c', 'd']);
    expect([...got['b']!.data]).toEqual([0, 0, 2]);
    expect([...got['d']!.data]).toEqual([-1, 0, 2]);
  });

  it.each<[string, (json: Json) => void, string]>([
    [
      'has a node without an operator',
      (json) => delete json['modelTopology'].node[0].op,
      'without a name or an operator',
    ],
    [
      'has two nodes of one name',
      (json) => json['modelTopology'].node.push(json['modelTopology'].node[0]),
      'is there twice',
    ],
    [
      'reads what is not there',
      (json) => json['modelTopology'].node.at(-1).input.push('ghost:2'),
      'reads ghost, which nothing makes',
    ],
    [
      'reads itself',
      (json) => json['modelTopology'].node.at(-1).input.push(json['modelTopology'].node.at(-1).name),
      'depends on its own output',
    ],
    [
      'has inputs that are no names',
      (json) => {
        json['modelTopology'].node.at(-1).input = [3];
      },
      'has the inputs [3]',
    ],
    [
      'misses a weight',
      (json) => {
        json['weightsManifest'] = [];
      },
      'has no weight in the weightsManifest',
    ],
    [
      'signs what is not there',
      (json) => {
        json['signature'].outputs.y.name = 'ghost:0';
      },
      'a node ghost that is not there',
    ],
    [
      'has an output and an input of one name',
      (json) => {
        json['signature'].outputs = { x: json['signature'].outputs.y };
      },
      'x is an input and an output',
    ],
  ])('that %s is malformed', async (_, change, reason) => {
    await expect(readModel(changed(change))).rejects.toMatchObject({
      code: 'ISO_ERR_MODEL_MALFORMED',
      message: expect.stringContaining(reason),
    });
  });

  it('whose shapes do not fit gives the node', async () => {
    const b = new GraphDefBuilder();
    const model = b.model({ y: b.add('Add', [b.placeholder('x', [null, 3]), b.floats([4])]) });
    await expect(readModel(model)).rejects.toMatchObject({
      code: 'ISO_ERR_SHAPE_INVALID',
      message: expect.stringContaining('Add_'),
    });
  });

  it('that wants an output of a node that has fewer is refused', async () => {
    const b = new GraphDefBuilder();
    const relu = b.add('Relu', [b.placeholder('x', [null, 3])]);
    await expect(readModel(b.model({ y: `${relu}:4` }))).rejects.toMatchObject({
      code: 'ISO_ERR_MODEL_UNSUPPORTED',
      message: expect.stringContaining(`${relu}:4 (an output that is not there)`),
    });
  });
});
