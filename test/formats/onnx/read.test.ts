import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from '@jest/globals';
import type { IsobathError } from '../../../src/base/errors.ts';
import { encodeTensor, readOnnx } from '../../../src/formats/onnx/index.ts';
import {
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
} from '../../../src/formats/onnx/onnx_pb.ts';
import { inferTypes } from '../../../src/graph/infer.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import { floats } from '../../support/graphs.ts';
import { model, node, value } from '../../support/onnx-model.ts';

const relu = node('Relu', ['x'], ['y']);
const file = 'test.onnx';

function inputShape(dims: Parameters<typeof value>[1], shapes?: Record<string, number[]>) {
  const bytes = model({ node: [relu], input: [value('x', dims)] });
  return readOnnx(bytes, { file, ...(shapes && { shapes }) }).types.get('x')?.shape;
}

describe('open dimensions', () => {
  it('an open, symbolic or zero batch is 1', () => {
    expect(inputShape([undefined, 3])).toEqual([1, 3]);
    expect(inputShape(['N', 3])).toEqual([1, 3]);
    expect(inputShape([0, 3])).toEqual([1, 3]);
    expect(inputShape([])).toEqual([]);
  });

  it('any other must be given, and must agree with those that are not open', () => {
    expect(() => inputShape([1, 3, 'H'])).toThrow('[1, 3, H]');
    expect(() => inputShape([1, 3, undefined])).toThrow(
      expect.objectContaining({ code: 'ISO_ERR_MODEL_DYNAMIC_SHAPE' }),
    );
    expect(inputShape([1, 3, 'H'], { x: [1, 3, 9] })).toEqual([1, 3, 9]);
    expect(inputShape(['N', 3], { x: [4, 3] })).toEqual([4, 3]);
    for (const x of [
      [1, 4, 9],
      [1, 3],
      [1, 3, -1],
      [1, 3, 0.5],
    ]) {
      expect(() => inputShape([1, 3, 'H'], { x })).toThrow(
        expect.objectContaining({ code: 'ISO_ERR_INPUT_MISMATCH' }),
      );
    }
  });

  it('are asked for with as many sizes as the input has, those of the model among them', () => {
    const cure = (dimensions: (number | string | undefined)[]) => {
      try {
        return inputShape(dimensions);
      } catch (error) {
        return (error as IsobathError).cure;
      }
    };
    expect(cure(['batch', 'samples'])).toContain('--shape x=1,224`');
    expect(cure([2, undefined, 128])).toContain('--shape x=2,224,128`');
    expect(cure(['N', 1, 64, 'width'])).toContain('--shape x=1,1,64,224`');
  });

  it('a symbol means the same size everywhere', () => {
    const mystery = { ...node('Mystery', ['x'], ['y']), domain: 'com.example' };
    const bytes = model({
      node: [mystery],
      input: [value('x', ['N', 'H'])],
      output: [value('y', ['N', 7, 'H'])],
    });
    const graph = inferTypes(readOnnx(bytes, { file, shapes: { x: [2, 5] } }));
    expect(graph.types.get('y')?.shape).toEqual([2, 7, 5]);
  });
});

describe('the graph', () => {
  it('has constants that are listed as inputs as constants', () => {
    const input = [value('x', [2]), value('w', [2])];
    const initializer = [encodeTensor('w', floats(2))];
    const graph = readOnnx(model({ node: [node('Add', ['x', 'w'], ['y'])], input, initializer }, 8), {
      file,
    });
    expect(graph.inputs).toEqual(['x']);
    expect(graph.initializers.get('w')?.data).toEqual(Float32Array.of(0.125, 0.25));
  });

  it('has its nodes in order, each with a name of its own', () => {
    const nodes = [
      { ...node('Relu', ['a'], ['y']), name: 'twice' },
      { ...node('Relu', ['x'], ['b']), name: 'twice' },
      node('Relu', ['b'], ['a']),
      { ...node('Relu', ['y'], ['z']), name: 'Relu_2' },
    ];
    const graph = readOnnx(model({ node: nodes }), { file });
    expect(graph.nodes.map(({ name }) => name)).toEqual(['Relu_1', 'Relu_2_', 'twice', 'Relu_2']);
  });

  it('knows both names of the standard domain, and the first operator set where none is named', () => {
    const bytes = model({ node: [{ ...relu, domain: 'ai.onnx' }] });
    expect(readOnnx(bytes, { file }).nodes[0]?.domain).toBe('');
    const graph = { node: [node('Selu', ['x'], ['y'])], input: [value('x', [1])], output: [value('y', [1])] };
    const old = toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 1n, graph }));
    // the factor of version 1, which later ones name with more digits
    expect(readOnnx(old, { file })).toMatchObject({
      opsets: { '': 7 },
      nodes: [{ op: 'Selu', attributes: { alpha: { type: 'float', value: 1.6732 } } }],
    });
  });

  it('carries a subgraph as it is, and knows what it captures', () => {
    const inner = node('If', ['c'], ['v']);
    const deepest = { node: [node('Add', ['outer', 'own'], ['v'])], output: [value('v', [1])] };
    inner.attribute = [create(AttributeProtoSchema, { name: 'else_branch', type: 5, g: subgraph(deepest) })];
    const body = { node: [node('Relu', ['x'], ['own']), inner], output: [value('v', [1])] };
    const attribute = [create(AttributeProtoSchema, { name: 'then_branch', type: 5, g: subgraph(body) })];
    const nodes = [node('Relu', ['x'], ['outer']), node('Relu', ['x'], ['c'])];
    const bytes = model({ node: [{ ...node('If', ['c'], ['y']), attribute }, ...nodes] });
    const graph = readOnnx(bytes, { file });
    expect(graph.nodes.map(({ op }) => op)).toEqual(['Relu', 'Relu', 'If']);
    const branch = graph.nodes[2]!.attributes['then_branch']!;
    const reads = branch.type === 'opaque' ? branch.reads : [];
    expect([...reads].sort()).toEqual(['c', 'outer', 'x']);
  });
});

function subgraph(graph: Parameters<typeof model>[0]): Uint8Array {
  return toBinary(GraphProtoSchema, create(GraphProtoSchema, graph));
}

describe('float16', () => {
  const half = Tensor.of('float16', [2], Uint16Array.of(0x3c00, 0xc000));
  const nodes = [node('Add', ['x', 'w'], ['s']), node('Cast', ['s'], ['y'], { to: { type: 2, i: 10n } })];
  const input = [value('x', [2], 10)];

  it('filters make the whole graph float32', () => {
    const bytes = model({ node: nodes, input, initializer: [encodeTensor('w', half)] });
    const graph = inferTypes(readOnnx(bytes, { file }));
    expect(graph.initializers.get('w')?.data).toEqual(Float32Array.of(1, -2));
    expect([...graph.types.values()].map(({ dtype }) => dtype)).toEqual(Array(4).fill('float32'));
    const kept = inferTypes(readOnnx(bytes, { file, float16: 'keep' }));
    expect([...kept.types.values()].map(({ dtype }) => dtype)).toEqual(Array(4).fill('float16'));
  });

  it('without such filters nothing changes', () => {
    const bytes = model({ node: [node('Relu', ['x'], ['y'])], input });
    expect(readOnnx(bytes, { file }).types.get('x')?.dtype).toBe('float16');
  });
});
