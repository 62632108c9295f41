import { create, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { describe, expect, it } from '@jest/globals';
import { encodeTensor, readOnnx, writeOnnx } from '../../../src/formats/onnx/index.ts';
import { GraphProtoSchema, TensorProtoSchema } from '../../../src/formats/onnx/onnx_pb.ts';
import { inferTypes } from '../../../src/graph/infer.ts';
import { simplify } from '../../../src/graph/passes/index.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import { floats } from '../../support/graphs.ts';
import { model, node, value } from '../../support/onnx-model.ts';
import { runOnnx } from '../../support/onnxruntime.ts';

const file = 'bfloat16.onnx';
const BFLOAT16 = 16;
const to = (type: number) => ({ to: { type: 2, i: BigInt(type) } });
/** 1, -2, 3.140625, the smallest subnormal, infinity, and NaN, as the upper halves of their float32. */
const BITS = [0x3f80, 0xc000, 0x4049, 0x0001, 0x7f80, 0x7fc0];
const VALUES = [1, -2, 3.140625, 2 ** -133, Number.POSITIVE_INFINITY, Number.NaN];

function constant(name: string, dims: number[], bits: readonly number[], form: 'raw' | 'int32'): Uint8Array {
  const head = { name, dims: dims.map(BigInt), dataType: BFLOAT16 };
  const proto = toBinary(TensorProtoSchema, create(TensorProtoSchema, head));
  const writer = new BinaryWriter();
  if (form === 'raw') writer.tag(9, 2).bytes(new Uint8Array(Uint16Array.from(bits).buffer));
  else {
    writer.tag(5, 2).fork();
    for (const each of bits) writer.int32(each);
    writer.join();
  }
  return Buffer.concat([proto, writer.finish()]);
}

/** The nearest bfloat16 towards zero of each element. */
function cutBits(tensor: Tensor): number[] {
  return Array.from(
    new Uint32Array(Float32Array.from(tensor.data as Float32Array).buffer),
    (bits) => bits >>> 16,
  );
}

function cutTensor(tensor: Tensor): Tensor {
  const bits = Uint32Array.from(cutBits(tensor), (upper) => upper * 0x10000);
  return Tensor.float32(tensor.shape, new Float32Array(bits.buffer));
}

describe('bfloat16', () => {
  it.each(['raw', 'int32'] as const)(
    'constants (%s) become float32 without a rounding, as in onnxruntime',
    async (form) => {
      const initializer = [constant('w', [6], BITS, form)];
      const bytes = model({
        node: [node('Cast', ['w'], ['v'], to(1)), node('Add', ['x', 'v'], ['y'])],
        input: [value('x', [6])],
        initializer,
      });
      const graph = readOnnx(bytes, { file });
      expect(Array.from(graph.initializers.get('w')!.data as Float32Array)).toEqual(VALUES);
      const x = Tensor.float32([6], [0, 0, 0, 0, 0, 0]);
      const want = (await runOnnx(bytes, { x }))['y']?.data;
      expect(want).toEqual(Float32Array.from(VALUES));
      for (const form of [graph, inferTypes(simplify(inferTypes(graph)))]) {
        expect((await runOnnx(writeOnnx(form), { x }))['y']?.data).toEqual(want);
      }
    },
  );

  it('of inputs, filters, values between and outputs becomes float32, which onnxruntime can compute in', async () => {
    const [w, b] = [floats(4, 3, 3, 3), floats(4)];
    const graph = (type: number, initializer: Uint8Array[]) =>
      model({
        node: [
          node('Conv', ['x', 'w', 'b'], ['t']),
          node('Cast', ['t'], ['u'], to(type)),
          node('Relu', ['u'], ['y']),
        ],
        input: [value('x', [1, 3, 6, 6], type)],
        output: [value('y', [1, 4, 4, 4], type)],
        initializer,
      });
    const halves = [constant('w', [4, 3, 3, 3], cutBits(w), 'raw'), constant('b', [4], cutBits(b), 'int32')];
    const read = inferTypes(readOnnx(graph(BFLOAT16, halves), { file }));
    expect(new Set([...read.types.values()].map(({ dtype }) => dtype))).toEqual(new Set(['float32']));
    const x = floats(1, 3, 6, 6);
    const wide = graph(1, [encodeTensor('w', cutTensor(w)), encodeTensor('b', cutTensor(b))]);
    const want = await runOnnx(wide, { x });
    expect((await runOnnx(writeOnnx(read), { x }))['y']?.data).toEqual(want['y']?.data);
    await expect(runOnnx(graph(BFLOAT16, halves), { x })).rejects.toThrow();
  });

  it('in a subgraph is refused: it is passed on as it is', () => {
    const refused = (graph: object) => {
      const g = toBinary(GraphProtoSchema, create(GraphProtoSchema, { output: [value('v', [4])], ...graph }));
      const branch = { then_branch: { type: 5, g }, else_branch: { type: 5, g } };
      const nodes = [node('Cast', ['x'], ['c'], to(9)), node('If', ['c'], ['y'], branch)];
      expect(() => readOnnx(model({ node: nodes, input: [value('x', [])] }), { file })).toThrow(
        expect.objectContaining({ code: 'ISO_ERR_MODEL_UNSUPPORTED' }),
      );
    };
    refused({ node: [node('Cast', ['x'], ['v'], to(BFLOAT16))] });
    refused({ node: [node('Relu', ['x'], ['v'])], output: [value('v', [4], BFLOAT16)] });
    refused({ node: [node('Relu', ['w'], ['v'])], initializer: [constant('w', [6], BITS, 'raw')] });
    const t = constant('', [6], BITS, 'raw');
    refused({ node: [node('Constant', [], ['v'], { value: { type: 4, t } })] });
  });
});
