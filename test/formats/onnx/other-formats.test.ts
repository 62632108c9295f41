import { describe, expect, it } from '@jest/globals';
import { readOnnx } from '../../../src/formats/onnx/index.ts';
import { coded } from '../../support/code.ts';
import { model, node, value } from '../../support/onnx-model.ts';

const file = 'net.onnx';
const read = (bytes: Uint8Array) => () => readOnnx(bytes, { file });

describe('what is no ONNX file, or too new a one', () => {
  it.each([
    ['version https://git-lfs.github.com/spec/v1\noid sha256:0', 'git lfs pull'],
    ['PK\x03\x04\0\0', 'PyTorch'],
    ['\x89HDF\r\n\x1a\n', 'Keras'],
    ['\x1c\0\0\0TFL3', 'TensorFlow Lite'],
    ['\x80\x02}q', 'pickle'],
    ['\x1f\x8b\x08', 'gzip'],
    ['\x89PNG\r\n\x1a\n', 'picture'],
  ])('%j is named', (text, name) => {
    expect(read(Buffer.from(text, 'latin1'))).toThrow(coded('ISO_ERR_MODEL_MALFORMED', name));
  });

  it('an operator set that no engine knows is refused while it is read, with its number and the cure', () => {
    const of = (opset: number) =>
      model(
        { node: [node('Relu', ['x'], ['y'])], input: [value('x', [1, 2])], output: [value('y', [1, 2])] },
        opset,
      );
    expect(read(of(27))).toThrow(coded('ISO_ERR_MODEL_UNSUPPORTED', 'operator set 27'));
    expect(read(of(27))).toThrow(coded('ISO_ERR_MODEL_UNSUPPORTED', 'opset_version=24'));
    expect(read(of(26))).not.toThrow();
  });
});
