import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from '@jest/globals';
import { encodeTensor, readOnnx, writeOnnx } from '../../../src/formats/onnx/index.ts';
import {
  type FunctionProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
} from '../../../src/formats/onnx/onnx_pb.ts';
import { inferTypes } from '../../../src/graph/infer.ts';
import { simplify } from '../../../src/graph/passes/index.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import { floats } from '../../support/graphs.ts';
import { node, value } from '../../support/onnx-model.ts';
import { difference, runOnnx } from '../../support/onnxruntime.ts';

type FunctionInit = Exclude<MessageInitShape<typeof FunctionProtoSchema>, { $typeName: string }>;
type GraphInit = Exclude<MessageInitShape<typeof GraphProtoSchema>, { $typeName: string }>;

const file = 'functions.onnx';
const DOMAIN = 'mine';
const x = Tensor.float32([2, 3], [-2, -1, -0.5, 0.5, 1, 3]);

function call(op: string, input: string[], output: string[], attributes = {}, overload = '') {
  return { ...node(op, input, output, attributes), domain: DOMAIN, overload };
}

function define(
  name: string,
  input: string[],
  output: string[],
  nodes: object[],
  more: FunctionInit = {},
): FunctionInit {
  const opsetImport = [
    { domain: '', version: 18n },
    { domain: DOMAIN, version: 1n },
  ];
  return { name, domain: DOMAIN, input, output, node: nodes, opsetImport, ...more };
}

function modelOf(functions: FunctionInit[], graph: GraphInit, opset = 18n): Uint8Array {
  const proto = {
    irVersion: 10n,
    opsetImport: [
      { domain: '', version: opset },
      { domain: DOMAIN, version: 1n },
    ],
    functions,
    graph: { name: 'g', input: [value('x', [2, 3])], output: [value('y', [undefined, undefined])], ...graph },
  };
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, proto));
}

const subgraph = (graph: GraphInit) =>
  toBinary(GraphProtoSchema, create(GraphProtoSchema, { name: 'body', ...graph }));
const floatAttribute = (f: number) => ({ type: 1, f });
const reference = (refAttrName: string, type = 1) => ({ type, refAttrName });
const constant = (output: string, f: number | object) =>
  node('Constant', [], [output], { value_float: typeof f === 'number' ? floatAttribute(f) : (f as never) });

/** onnxruntime inlines functions itself: what it makes of the file is what our reading of it must give. */
async function sameAsOnnxruntime(bytes: Uint8Array): Promise<void> {
  const graph = readOnnx(bytes, { file });
  expect(graph.nodes.filter(({ domain }) => domain !== '')).toEqual([]);
  const want = await runOnnx(bytes, { x });
  for (const form of [graph, inferTypes(simplify(inferTypes(graph)))]) {
    const got = await runOnnx(writeOnnx(form), { x });
    for (const name of graph.outputs) {
      expect(difference(got[name]!, want[name]!, { relative: 0, absolute: 0 })).toBeUndefined();
    }
  }
}

/** alpha x + beta, where beta has a default. */
const line = define(
  'Line',
  ['a'],
  ['b'],
  [
    constant('alpha', reference('alpha')),
    constant('beta', reference('beta')),
    node('Mul', ['a', 'alpha'], ['t']),
    node('Add', ['t', 'beta'], ['b']),
  ],
  { attribute: ['alpha'], attributeProto: [{ name: 'beta', type: 1, f: 0.25 }] },
);

describe('functions of a model are inlined', () => {
  it('with attributes, their defaults, and names that clash with those of the model', async () => {
    const nodes = [
      call('Line', ['x'], ['t'], { alpha: floatAttribute(2) }),
      call('Line', ['t'], ['alpha'], { alpha: floatAttribute(3), beta: floatAttribute(-1) }),
      node('Add', ['alpha', 't'], ['y']),
    ];
    await sameAsOnnxruntime(modelOf([line], { node: nodes }));
  });

  it('with an attribute that is left out, where the operator has its own default', async () => {
    const leaky = define(
      'Leaky',
      ['a'],
      ['b'],
      [node('LeakyRelu', ['a'], ['b'], { alpha: reference('slope') })],
      { attribute: ['slope'] },
    );
    const nodes = [call('Leaky', ['x'], ['t']), call('Leaky', ['t'], ['y'], { slope: floatAttribute(0.5) })];
    await sameAsOnnxruntime(modelOf([leaky], { node: nodes }));
  });

  it('with functions that call functions and pass attributes on', async () => {
    const twice = define(
      'Twice',
      ['t'],
      ['b'],
      [
        call('Line', ['t'], ['a'], { alpha: reference('factor') }),
        call('Line', ['a'], ['b'], { alpha: reference('factor'), beta: reference('offset') }),
      ],
      { attribute: ['factor'], attributeProto: [{ name: 'offset', type: 1, f: 7 }] },
    );
    const nodes = [
      call('Twice', ['x'], ['a'], { factor: floatAttribute(1.5) }),
      call('Twice', ['a'], ['y'], { factor: floatAttribute(-1), offset: floatAttribute(0.5) }),
    ];
    await sameAsOnnxruntime(modelOf([twice, line], { node: nodes }));
  });

  it('with absent inputs and unnamed outputs', async () => {
    const clip = node('Clip', ['a', 'least', 'most'], ['b']);
    const bounds = define('Bounds', ['a', 'least', 'most'], ['b', 'c'], [clip, node('Neg', ['b'], ['c'])]);
    const nodes = [
      call('Bounds', ['x', '', 'one'], ['t', 's']),
      call('Bounds', ['x'], ['', 'u']),
      call('Bounds', ['x', 'zero'], ['v', 'w']),
      node('Sum', ['t', 'u', 'v'], ['y']),
    ];
    const initializer = [
      encodeTensor('one', Tensor.float32([], [0.75])),
      encodeTensor('zero', Tensor.float32([], [0])),
    ];
    await sameAsOnnxruntime(modelOf([bounds], { node: nodes, initializer }));
  });

  it('with an output that is an input, or another output, which onnxruntime refuses', async () => {
    const pass = define('Pass', ['a'], ['a', 'b', 'b'], [node('Relu', ['a'], ['b'])]);
    const nodes = [
      call('Pass', ['x'], ['p', 'q', 'r']),
      call('Pass', ['x'], ['s', '']),
      call('Pass', ['x'], ['t']),
      node('Sum', ['p', 'q', 'r', 's', 't'], ['y']),
    ];
    const plain = [node('Relu', ['x'], ['q']), node('Sum', ['x', 'q', 'q', 'x', 'x'], ['y'])];
    const graph = readOnnx(modelOf([pass], { node: nodes }), { file });
    const [got, want] = [
      await runOnnx(writeOnnx(graph), { x }),
      await runOnnx(modelOf([], { node: plain }), { x }),
    ];
    expect(got['y']!.data).toEqual(want['y']!.data);
  });

  it('with overloads of one name', async () => {
    const relu = define('Act', ['a'], ['b'], [node('Relu', ['a'], ['b'])], { overload: '' });
    const tanh = define('Act', ['a'], ['b'], [node('Tanh', ['a'], ['b'])], { overload: 'tanh' });
    const nodes = [call('Act', ['x'], ['t']), call('Act', ['t'], ['y'], {}, 'tanh')];
    await sameAsOnnxruntime(modelOf([tanh, relu], { node: nodes }));
  });

  it('with subgraphs inside, that see the tensors of the function and call functions', async () => {
    const branch = (nodes: object[], more: GraphInit = {}) => ({
      type: 5,
      g: subgraph({ node: nodes, output: [value('b', [undefined, undefined])], ...more }),
    });
    const then = branch(
      [call('Line', ['a'], ['t'], { alpha: reference('k') }), node('Add', ['t', 'w'], ['b'])],
      {
        initializer: [encodeTensor('w', floats(3))],
      },
    );
    const otherwise = branch([node('Neg', ['a'], ['t']), node('Mul', ['t', 'alpha'], ['b'])]);
    const chosen = define(
      'Chosen',
      ['a', 'c'],
      ['y'],
      [constant('alpha', 4), node('If', ['c'], ['y'], { then_branch: then, else_branch: otherwise })],
      { attribute: ['k'] },
    );
    const nodes = [
      node('ReduceMax', ['x'], ['m'], { keepdims: { type: 2, i: 0n } }),
      node('Greater', ['m', 'zero'], ['c']),
      node('Not', ['c'], ['d']),
      call('Chosen', ['x', 'c'], ['t'], { k: floatAttribute(2) }),
      call('Chosen', ['t', 'd'], ['w'], { k: floatAttribute(3) }),
      node('Add', ['t', 'w'], ['y']),
    ];
    const initializer = [encodeTensor('zero', Tensor.float32([], [0]))];
    await sameAsOnnxruntime(modelOf([chosen, line], { node: nodes, initializer }));
  });

  it('where a subgraph of the model calls them', async () => {
    const branch = (alpha: number) => ({
      type: 5,
      g: subgraph({
        node: [call('Line', ['x'], ['b'], { alpha: floatAttribute(alpha) })],
        output: [value('b', [2, 3])],
      }),
    });
    const nodes = [node('If', ['c'], ['y'], { then_branch: branch(2), else_branch: branch(3) })];
    const initializer = [encodeTensor('c', Tensor.of('bool', [], Uint8Array.of(1)))];
    await sameAsOnnxruntime(modelOf([line], { node: nodes, initializer }));
  });

  it('but not under the name of a standard operator, which onnxruntime takes instead', async () => {
    const relu = define('Relu', ['a'], ['b'], [node('Neg', ['a'], ['b'])], { domain: '' });
    const gelu = define('Gelu', ['a'], ['b'], [node('Neg', ['a'], ['b'])], { domain: 'ai.onnx' });
    const bytes = modelOf([relu, gelu], { node: [node('Relu', ['x'], ['t']), node('Gelu', ['t'], ['y'])] });
    // Gelu is standard from version 20 on, this model is of version 18
    expect(readOnnx(bytes, { file }).nodes.map(({ op }) => op)).toEqual(['Relu', 'Neg']);
    const newer = modelOf(
      [relu, gelu],
      { node: [node('Relu', ['x'], ['t']), node('Gelu', ['t'], ['y'])] },
      20n,
    );
    expect(readOnnx(newer, { file }).nodes.map(({ op }) => op)).toEqual(['Relu', 'Gelu']);
    await sameAsOnnxruntime(newer);
  });

  it('and cost nothing where nothing calls them, whatever is in them', () => {
    const broken = define('Broken', ['a'], ['b'], [node('Relu', ['none'], ['b'])]);
    const graph = readOnnx(modelOf([broken], { node: [node('Relu', ['x'], ['y'])] }), { file });
    expect(graph.nodes).toHaveLength(1);
  });

  it('of an older operator set where its operators mean the same in that of the model', async () => {
    const opsetImport = [{ domain: '', version: 15n }];
    const old = define('Old', ['a'], ['b'], [node('Relu', ['a'], ['t']), node('Softmax', ['t'], ['b'])], {
      opsetImport,
    });
    await sameAsOnnxruntime(modelOf([old], { node: [call('Old', ['x'], ['y'])] }));
  });
});

describe('a function is refused', () => {
  const refused = (functions: FunctionInit[], code: string, text: string, graph: GraphInit = {}) => {
    const read = () => readOnnx(modelOf(functions, { node: [call('F', ['x'], ['y'])], ...graph }), { file });
    expect(read).toThrow(expect.objectContaining({ code: `ISO_ERR_MODEL_${code}` }));
    expect(read).toThrow(text);
  };

  it('that calls itself, also through another', () => {
    refused(
      [define('F', ['a'], ['b'], [call('F', ['a'], ['b'])])],
      'MALFORMED',
      'the function F calls itself',
    );
    const [f, g] = [
      define('F', ['a'], ['b'], [call('G', ['a'], ['b'])]),
      define('G', ['a'], ['b'], [call('F', ['a'], ['b'])]),
    ];
    refused([f, g], 'MALFORMED', 'the function F calls itself');
    const body = { type: 5, g: subgraph({ node: [call('F', ['a'], ['b'])], output: [value('b', [2, 3])] }) };
    const looped = define(
      'F',
      ['a'],
      ['b'],
      [node('If', ['a'], ['b'], { then_branch: body, else_branch: body })],
    );
    refused([looped], 'MALFORMED', 'the function F calls itself');
  });

  it('that is written for an operator set in which one of its operators meant something else', () => {
    const opsetImport = [{ domain: '', version: 11n }];
    const old = define('F', ['a'], ['b'], [node('Softmax', ['a'], ['b'])], { opsetImport });
    refused([old], 'UNSUPPORTED', 'between the two Softmax changed');
    const body = {
      type: 5,
      g: subgraph({ node: [node('Squeeze', ['a'], ['b'])], output: [value('b', [2, 3])] }),
    };
    const inner = define('F', ['a'], ['b'], [node('If', ['a'], ['b'], { then_branch: body })], {
      opsetImport,
    });
    refused([inner], 'UNSUPPORTED', 'between the two Squeeze changed');
  });

  it('that reads what nothing in it makes, though the model has a tensor of this name', () => {
    refused([define('F', ['a'], ['b'], [node('Add', ['a', 'x'], ['b'])])], 'MALFORMED', 'F reads x');
  });

  it('that is there twice, or is called with more than it takes', () => {
    const relu = define('F', ['a'], ['b'], [node('Relu', ['a'], ['b'])]);
    refused([relu, relu], 'MALFORMED', 'is there twice');
    refused([relu], 'MALFORMED', 'too many names', { node: [call('F', ['x', 'x'], ['y'])] });
    refused([relu], 'MALFORMED', 'too many names', { node: [call('F', ['x'], ['t', 'y'])] });
  });

  it('when calls within calls become too many or too deep, before they become objects', () => {
    const doubling = Array.from({ length: 40 }, (_, at) =>
      define(`F${at}`, ['a'], ['b'], [call(`F${at + 1}`, ['a'], ['t']), call(`F${at + 1}`, ['t'], ['b'])]),
    );
    const last = define('F40', ['a'], ['b'], [node('Relu', ['a'], ['b'])]);
    refused([...doubling, last], 'TOO_LARGE', 'structure', { node: [call('F0', ['x'], ['y'])] });
    const chain = Array.from({ length: 300 }, (_, at) =>
      define(`F${at}`, ['a'], ['b'], [call(`F${at + 1}`, ['a'], ['b'])]),
    );
    refused(chain, 'UNSUPPORTED', 'more than 64 deep', { node: [call('F0', ['x'], ['y'])] });
  });
});
