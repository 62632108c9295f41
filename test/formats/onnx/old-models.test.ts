import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { readOnnx, writeOnnx } from '../../../src/formats/onnx/index.ts';
import { inferTypes, unknownTensors } from '../../../src/graph/infer.ts';
import { simplify } from '../../../src/graph/passes/index.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import { model, node, value } from '../../support/onnx-model.ts';
import { compileOnnx, difference, runOnnx } from '../../support/onnxruntime.ts';

interface Stored {
  readonly shape: number[];
  readonly data: number[];
}

interface Case {
  readonly name: string;
  readonly opset: number;
  readonly model: string;
  readonly input: Stored;
  readonly output: Stored;
}

/** Made by old-models/make.py, which says with which oracles. */
const CASES: readonly Case[] = JSON.parse(
  readFileSync(new URL('./old-models/old-models.json', import.meta.url), 'utf8'),
);
const file = 'old.onnx';
const tensor = ({ shape, data }: Stored) => Tensor.float32(shape, data);

describe('a model older than operator set 7 is lifted to it', () => {
  it.each(CASES)('$name of operator set $opset', async ({ model: base64, input, output }) => {
    const graph = readOnnx(Buffer.from(base64, 'base64'), { file });
    expect(graph.opsets).toEqual({ '': 7 });
    const typed = inferTypes(graph);
    expect(unknownTensors(typed)).toEqual([]);
    const x = tensor(input);
    for (const form of [graph, inferTypes(simplify(typed))]) {
      const { y } = await runOnnx(writeOnnx(form), { x });
      expect(difference(y!, tensor(output), { relative: 1e-5, absolute: 1e-5 })).toBeUndefined();
    }
  });

  it('because onnxruntime has no kernels for it', async () => {
    const pool = CASES.find(({ name }) => name === 'AveragePool')!;
    await expect(compileOnnx(Buffer.from(pool.model, 'base64'))).rejects.toThrow('AveragePool(1)');
  });

  const refused = (nodes: object[], text: string, opset = 6, input = [value('x', [1, 3, 2, 2])]) => {
    const read = () => readOnnx(model({ node: nodes, input }, opset), { file });
    expect(read).toThrow(expect.objectContaining({ code: 'ISO_ERR_MODEL_UNSUPPORTED' }));
    expect(read).toThrow(text);
    expect(read).toThrow('onnx.version_converter.convert_version(model, 13)');
  };
  const int = (i: number) => ({ type: 2, i: BigInt(i) });

  it('or refused, with operator, version and cure, where it has no newer form', () => {
    const scale = ['x', 'x', 'x', 'x', 'x'];
    refused(
      [node('BatchNormalization', scale, ['y'], { is_test: int(0) })],
      'BatchNormalization of operator set 6',
    );
    const mystery = { ...node('Mystery', ['x'], ['m']), domain: 'com.example' };
    const add = node('Add', ['m', 'x'], ['y'], { broadcast: int(1), axis: int(0) });
    refused([mystery, add], 'Add of operator set 6');
    const short = node('Mul', ['x', 'x'], ['y'], { broadcast: int(1), axis: int(2) });
    refused([short], 'axis 2 leaves no room');
    refused(
      [node('Cast', ['x'], ['y'], { to: { type: 3, s: Buffer.from('QUAD') } })],
      'element type quad',
      5,
    );
    refused([node('Tile', ['x', 'x', 'x'], ['y'])], 'known only in a run', 5);
    refused([node('If', ['x'], ['y'], { then_branch: { type: 5, g: new Uint8Array() } })], 'subgraph');
  });
});
