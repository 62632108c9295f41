import { describe, expect, it } from '@jest/globals';
import { encodeTensor, readOnnx } from '../../../src/formats/onnx/index.ts';
import { inferTypes } from '../../../src/graph/infer.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import { floats } from '../../support/graphs.ts';
import { model, node, value } from '../../support/onnx-model.ts';
import { runOnnx } from '../../support/onnxruntime.ts';

type Dims = Parameters<typeof value>[1];
type Shapes = Readonly<Record<string, readonly number[]>>;

/** y = mean of each channel of conv(a) + b w, with the axes as an exporter names them. */
function twoInputs(a: Dims, b: Dims, y: Dims): Uint8Array {
  return model({
    node: [
      node('Conv', ['a', 'k'], ['ca']),
      node('GlobalAveragePool', ['ca'], ['pa']),
      node('Flatten', ['pa'], ['fa']),
      node('MatMul', ['b', 'w'], ['fb']),
      node('Add', ['fa', 'fb'], ['y']),
    ],
    input: [value('a', a), value('b', b)],
    output: [value('y', y)],
    initializer: [encodeTensor('k', floats(8, 3, 3, 3)), encodeTensor('w', floats(4, 8))],
  });
}

function shapesOf(bytes: Uint8Array, shapes: Shapes): Record<string, readonly number[] | undefined> {
  const { types } = inferTypes(readOnnx(bytes, { file: 'test.onnx', shapes }));
  return Object.fromEntries(['a', 'b', 'y'].map((name) => [name, types.get(name)?.shape]));
}

describe('the name of several open axes', () => {
  it.each([
    ['None, as an exporter writes an axis without a name', 'None'],
    ['a question mark', '?'],
    ['a name that stands for sizes that differ', 'dim'],
  ])('%s, makes no two axes equal', async (_, name) => {
    const bytes = twoInputs([name, 3, name, name], [name, 4], [name, 8]);
    const shapes = shapesOf(bytes, { a: [1, 3, 16, 24] });
    expect(shapes).toEqual({ a: [1, 3, 16, 24], b: [1, 4], y: [1, 8] });
    const inputs = { a: Tensor.zeros('float32', [1, 3, 16, 24]), b: Tensor.zeros('float32', [1, 4]) };
    expect((await runOnnx(bytes, inputs))['y']!.shape).toEqual(shapes['y']);
  });

  it('is one size where the shapes that are given agree, whichever input comes first', () => {
    const bytes = twoInputs(['batch', 3, 'h', 'w'], ['batch', 4], ['batch', 8]);
    expect(shapesOf(bytes, { a: [2, 3, 16, 24] })).toMatchObject({ b: [2, 4], y: [2, 8] });
    const square = twoInputs(['batch', 3, 'side', 'side'], ['batch', 4], ['batch', 8]);
    expect(shapesOf(square, { a: [1, 3, 9, 9], b: [1, 4] })).toMatchObject({ a: [1, 3, 9, 9] });
    const later = twoInputs(['batch', 3, 9, 9], ['batch', 4], ['batch', 8]);
    expect(shapesOf(later, { b: [2, 4] })).toMatchObject({ a: [2, 3, 9, 9] });
  });

  it('is no size where each input is given another one: each has its own, and outputs are inferred', async () => {
    const bytes = twoInputs(['batch', 3, 9, 9], ['batch', 4], ['batch', 8]);
    const shapes = shapesOf(bytes, { a: [3, 3, 9, 9], b: [1, 4] });
    expect(shapes).toEqual({ a: [3, 3, 9, 9], b: [1, 4], y: [3, 8] });
    const inputs = { a: Tensor.zeros('float32', [3, 3, 9, 9]), b: Tensor.zeros('float32', [1, 4]) };
    expect((await runOnnx(bytes, inputs))['y']!.shape).toEqual([3, 8]);
  });

  it('names numbered by an exporter, such as unk__1, are names', () => {
    const bytes = twoInputs(['unk__1', 3, 'unk__2', 'unk__3'], ['unk__4', 4], ['unk__5', 8]);
    expect(shapesOf(bytes, { a: [1, 3, 16, 24] })).toMatchObject({ b: [1, 4], y: [1, 8] });
  });

  it('closes an output of an operator that is not known only where it has one size', () => {
    const bytes = (dim: string) =>
      model({
        node: [{ ...node('Mystery', ['x'], ['y']), domain: 'com.example' }],
        input: [value('x', [dim, 'c', dim])],
        output: [value('y', [dim, 'c'])],
      });
    const typeOf = (dim: string, x: number[]) =>
      inferTypes(readOnnx(bytes(dim), { file: 'test.onnx', shapes: { x } })).types.get('y')?.shape;
    expect(typeOf('n', [2, 5, 2])).toEqual([2, 5]);
    expect(typeOf('n', [2, 5, 3])).toBeUndefined();
    expect(typeOf('None', [2, 5, 2])).toBeUndefined();
  });

  it('that is the batch and another axis of one input does not close that axis', () => {
    const bytes = twoInputs(['None', 3, 'None', 'None'], ['None', 4], ['None', 8]);
    expect(() => shapesOf(bytes, {})).toThrow(
      expect.objectContaining({ code: 'ISO_ERR_MODEL_DYNAMIC_SHAPE' }),
    );
    const named = twoInputs(['n', 3, 'n', 'n'], ['n', 4], ['n', 8]);
    expect(shapesOf(named, { b: [5, 4] })).toMatchObject({ a: [5, 3, 5, 5] });
    expect(() => shapesOf(named, {})).toThrow('[n, 3, n, n]');
  });
});
