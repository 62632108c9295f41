import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GraphDefBuilder, type GraphModelFile } from './tfjs-graph.ts';

const FOLDER = fileURLToPath(new URL('../formats/tfjs/graph/converted', import.meta.url));

/** What TensorFlow's converter wrote: see converted/convert.py. Its filters are half floats. */
export function converted(): GraphModelFile {
  const file = (name: string) => readFileSync(join(FOLDER, name));
  const json = JSON.parse(file('model.json').toString());
  const { inputs, outputs } = json.signature;
  return { json, bytes: file('group1-shard1of1.bin'), inputs: Object.keys(inputs), outputs };
}

/** MobileNet v2 in small, with the fused operators that the converter makes, and two of the forms that older ones left. */
export function handmade(): GraphModelFile {
  const b = new GraphDefBuilder();
  const same = { strides: [1, 1, 1, 1], dilations: [1, 1, 1, 1], padding: 'SAME' };
  const fused = (
    op: string,
    x: string,
    kernel: readonly number[],
    ops: string[],
    attributes: object = {},
  ) => {
    const channels = op === '_FusedConv2D' ? kernel[3]! : kernel[2]!;
    return b.add(op, [x, b.floats(kernel, 16), b.floats([channels])], {
      ...same,
      fused_ops: ops,
      num_args: 1,
      ...attributes,
    });
  };
  const block = (x: string, from: number, to: number, stride: number) => {
    const wide = fused('_FusedConv2D', x, [1, 1, from, 3 * from], ['BiasAdd', 'Relu6']);
    const strides = { strides: [1, stride, stride, 1] };
    const deep = fused(
      'FusedDepthwiseConv2dNative',
      wide,
      [3, 3, 3 * from, 1],
      ['BiasAdd', 'Relu6'],
      strides,
    );
    const narrow = fused('_FusedConv2D', deep, [1, 1, 3 * from, to], ['BiasAdd']);
    return stride === 1 && from === to ? b.add('AddV2', [x, narrow]) : narrow;
  };
  const image = b.placeholder('image', [null, 24, 24, 3]);
  const scaled = b.add('Sub', [b.add('Mul', [image, b.float(0.5)]), b.floats([3])]);
  let x = fused('_FusedConv2D', scaled, [3, 3, 3, 8], ['BiasAdd', 'Relu6'], { strides: [1, 2, 2, 1] });
  x = block(x, 8, 8, 1);
  x = block(x, 8, 12, 2);
  x = block(x, 12, 12, 1);
  const tail = b.add(
    'FusedBatchNormV3',
    [
      b.add('Conv2D', [x, b.floats([1, 1, 12, 16], 16)], same),
      b.positive([16]),
      b.floats([16]),
      b.floats([16]),
      b.positive([16]),
    ],
    { epsilon: 0.001, is_training: false },
  );
  const pooled = b.add('MaxPool', [b.add('LeakyRelu', [tail], { alpha: 0.1 })], {
    ksize: [1, 2, 2, 1],
    strides: [1, 2, 2, 1],
    padding: 'SAME',
  });
  const shape = b.add('Shape', [pooled]);
  const batch = b.add('StridedSlice', [shape, b.ints(0), b.ints(1), b.ints(1)], {
    begin_mask: 0,
    end_mask: 0,
    ellipsis_mask: 0,
    new_axis_mask: 0,
    shrink_axis_mask: 1,
  });
  const flat = b.add('Reshape', [pooled, b.add('Pack', [batch, b.int(-1)], { N: 2, axis: 0 })]);
  const hidden = b.add('_FusedMatMul', [flat, b.floats([144, 12], 64), b.floats([12])], {
    fused_ops: ['BiasAdd', 'Relu'],
    num_args: 1,
  });
  const logits = b.add('_FusedMatMul', [hidden, b.floats([12, 10], 16), b.floats([10])], {
    fused_ops: ['BiasAdd'],
    num_args: 1,
  });
  return b.model({ classes: b.add('Softmax', [logits]), features: pooled });
}
