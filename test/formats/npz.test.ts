import { describe, expect, it } from '@jest/globals';
import { unzipSync, zipSync } from 'fflate';
import { readModelInputs } from '../../src/formats/model-inputs.ts';
import { readNpy, writeNpy } from '../../src/formats/npy.ts';
import { readNpz, writeNpz } from '../../src/formats/npz.ts';
import { Tensor, type TensorType } from '../../src/tensor/tensor.ts';
import { ints } from '../support/graphs.ts';

/** `numpy.savez(file, x=numpy.arange(6, dtype="float32").reshape(2, 3), sr=numpy.array(16000))`, numpy 2.4.6, in base64. */
const SAVED =
  'UEsDBC0AAAAAAAAAIQBP6QAq//////////8FABQAeC5ucHkBABAAmAAAAAAAAACYAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJzxmNCcsICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgyLCAzKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKAAAAAAAAgD8AAABAAABAQAAAgEAAAKBAUEsDBC0AAAAAAAAAIQDv6lLN//////////8GABQAc3IubnB5AQAQAIgAAAAAAAAAiAAAAAAAAACTTlVNUFkBAHYAeydkZXNjcic6ICc8aTgnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgCoA+AAAAAAAAUEsBAi0DLQAAAAAAAAAhAE/pACqYAAAAmAAAAAUAAAAAAAAAAAAAAIABAAAAAHgubnB5UEsBAi0DLQAAAAAAAAAhAO/qUs2IAAAAiAAAAAYAAAAAAAAAAAAAAIABzwAAAHNyLm5weVBLBQYAAAAAAgACAGcAAACPAQAAAAA=';
/** The same by `numpy.savez_compressed`. */
const COMPRESSED =
  'UEsDBC0AAAAIAAAAIQBP6QAq//////////8FABQAeC5ucHkBABAAmAAAAAAAAABVAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqKuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6CsaaOgq1CmQDLgYwaLAHEg5ABMQNQLzAAQBQSwMELQAAAAgAAAAhAO/qUs3//////////wYAFABzci5ucHkBABAAiAAAAAAAAABHAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TaaGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5Gpo6CrUKFAGuBjsGMAAAUEsBAi0DLQAAAAgAAAAhAE/pACpVAAAAmAAAAAUAAAAAAAAAAAAAAIABAAAAAHgubnB5UEsBAi0DLQAAAAgAAAAhAO/qUs1HAAAAiAAAAAYAAAAAAAAAAAAAAIABjAAAAHNyLm5weVBLBQYAAAAAAgACAGcAAAALAQAAAAA=';

const TENSORS = new Map<string, Tensor>([
  ['boxes', Tensor.float32([1, 2, 4], [1, 2, 3, 4, 5, 6, 7, 8])],
  ['head/counts:0', ints(3, 4)],
]);

it('a .npz holds every tensor as a .npy of its name', () => {
  const files = unzipSync(writeNpz(TENSORS));
  expect(Object.keys(files)).toEqual(['boxes.npy', 'head_counts:0.npy']);
  expect([...readNpy(files['boxes.npy']!).data]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(readNpy(files['head_counts:0.npy']!)).toMatchObject({ dtype: 'int64', shape: [2] });
});

it('the same tensors give the same bytes', () => {
  expect(writeNpz(TENSORS)).toEqual(writeNpz(new Map(TENSORS)));
});

it.each([
  ['numpy.savez', SAVED],
  ['numpy.savez_compressed', COMPRESSED],
])('reads what %s writes', (_, base64) => {
  const arrays = readNpz(Buffer.from(base64, 'base64'));
  expect([...arrays.keys()]).toEqual(['x', 'sr']);
  expect(arrays.get('x')).toMatchObject({ dtype: 'float32', shape: [2, 3] });
  expect([...arrays.get('x')!.data]).toEqual([0, 1, 2, 3, 4, 5]);
  expect(arrays.get('sr')).toMatchObject({ dtype: 'int64', shape: [] });
  expect([...arrays.get('sr')!.data]).toEqual([16000n]);
});

it.each([
  ['is cut short', writeNpz(TENSORS).subarray(0, 200)],
  ['holds no array', zipSync({ 'a.txt': new Uint8Array(3) })],
  ['holds a damaged array', zipSync({ 'a.npy': new Uint8Array(3) })],
])('an archive that %s is unreadable', (_, bytes) => {
  expect(() => readNpz(bytes)).toThrow(expect.objectContaining({ code: 'ISO_ERR_INPUT_UNREADABLE' }));
});

describe('an archive as the inputs of a model', () => {
  const types = new Map<string, TensorType>([
    ['x', { dtype: 'float32', shape: [1, 2, 3] }],
    ['sr', { dtype: 'int32', shape: [] }],
  ]);
  const model = { name: 'm', graph: { inputs: ['x', 'sr'], types } };

  it('gives each input the array of its name, in the type that the model wants', async () => {
    const { inputs } = await readModelInputs(Buffer.from(SAVED, 'base64'), model);
    expect(inputs.get('x')).toMatchObject({ dtype: 'float32', shape: [1, 2, 3] });
    expect([...inputs.get('sr')!.data]).toEqual([16000]);
  });

  it('names the input that the archive lacks, and what it holds', async () => {
    const archive = writeNpz(new Map([['x', Tensor.zeros('float32', [2, 3])]]));
    await expect(readModelInputs(archive, model)).rejects.toMatchObject({
      code: 'ISO_ERR_INPUT_MISMATCH',
      message: expect.stringMatching(/input sr .*holds x/),
    });
  });

  it('says that a model with several inputs wants an archive where it is given one array', async () => {
    const array = writeNpy(Tensor.zeros('float32', [2, 3]));
    await expect(readModelInputs(array, model)).rejects.toMatchObject({
      code: 'ISO_ERR_REQUEST_INVALID',
      message: expect.stringMatching(/x, sr.*\.npz/),
    });
  });
});
