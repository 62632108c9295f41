import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from '@jest/globals';
import { encodeTensor, readOnnx, writeOnnx } from '../../../src/formats/onnx/index.ts';
import { SparseTensorProtoSchema } from '../../../src/formats/onnx/onnx_pb.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import { floats } from '../../support/graphs.ts';
import { model, node, value } from '../../support/onnx-model.ts';
import { runOnnx } from '../../support/onnxruntime.ts';

const file = 'sparse.onnx';

function sparse(dims: number[], values: number[], indices: number[], columns?: number): Uint8Array {
  const shape = columns === undefined ? [indices.length] : [indices.length / columns, columns];
  const proto = {
    values: encodeTensor('w', Tensor.float32([values.length], values)),
    indices: encodeTensor('i', Tensor.of('int64', shape, BigInt64Array.from(indices, BigInt))),
    dims: dims.map(BigInt),
  };
  return toBinary(SparseTensorProtoSchema, create(SparseTensorProtoSchema, proto));
}

/** x [2, 3] + the sparse tensor, as a Constant or as an initializer. */
function added(sparseTensor: Uint8Array, form: 'constant' | 'initializer'): Uint8Array {
  const add = node('Add', ['x', 'w'], ['y']);
  const constant = node('Constant', [], ['w'], { sparse_value: { type: 11, sparseTensor } });
  const graph = { input: [value('x', [2, 3])], output: [value('y', [2, 3])] };
  return form === 'constant'
    ? model({ ...graph, node: [constant, add] })
    : model({ ...graph, node: [add], sparseInitializer: [sparseTensor] });
}

describe('a sparse constant', () => {
  const x = floats(2, 3);
  const dense = [0, 0, 5, -7, 0, 0];

  it.each([
    ['constant', 'flat places', sparse([2, 3], [5, -7], [2, 3])],
    ['constant', 'coordinates', sparse([2, 3], [5, -7], [0, 2, 1, 0], 2)],
    ['initializer', 'flat places', sparse([2, 3], [5, -7], [2, 3])],
    ['initializer', 'coordinates', sparse([2, 3], [5, -7], [0, 2, 1, 0], 2)],
  ] as const)('as a %s with %s becomes a dense one', async (form, _, tensor) => {
    const bytes = added(tensor, form);
    const graph = readOnnx(bytes, { file });
    const want = Float32Array.from(dense, (each, at) => each + Number(x.data[at]));
    expect((await runOnnx(writeOnnx(graph), { x }))['y']?.data).toEqual(want);
    expect((await runOnnx(bytes, { x }))['y']?.data).toEqual(want);
  });

  it('of nothing but zeros is read, too', () => {
    const [constant] = readOnnx(added(sparse([2, 3], [], []), 'constant'), { file }).nodes;
    expect(constant?.attributes['value']).toMatchObject({ value: { shape: [2, 3] } });
  });

  it.each([
    ['places outside of it', sparse([2, 3], [1], [6])],
    ['places before it', sparse([2, 3], [1], [-1])],
    ['coordinates outside of it', sparse([2, 3], [1], [0, 3], 2)],
    ['more places than values', sparse([2, 3], [1], [1, 2])],
    ['coordinates of another rank', sparse([2, 3], [1], [0, 0, 0], 3)],
    ['a negative extent', sparse([2, -3], [], [])],
    ['bytes that are none', Uint8Array.of(9, 9)],
  ])('with %s is refused', (_, tensor) => {
    for (const form of ['constant', 'initializer'] as const) {
      expect(() => readOnnx(added(tensor, form), { file })).toThrow(
        expect.objectContaining({ code: 'ISO_ERR_MODEL_MALFORMED' }),
      );
    }
  });

  it('that would be huge is refused before anything is allocated', () => {
    expect(() => readOnnx(added(sparse([2 ** 20, 2 ** 20], [], []), 'initializer'), { file })).toThrow(
      expect.objectContaining({ code: 'ISO_ERR_MODEL_TOO_LARGE' }),
    );
  });
});
