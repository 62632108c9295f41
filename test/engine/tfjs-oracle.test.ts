import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import type { Engine } from '../../src/engine/engine.ts';
import { type EngineName, engineNamed } from '../../src/engine/engines.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { GraphBuilder } from '../../src/zoo/builder.ts';
import { skippedFor } from '../support/engines.ts';
import { difference } from '../support/onnxruntime.ts';

const [CHANNELS, EXTENT, OUT] = [6, 11, 10];

/** The same layer in TensorFlow.js's own words, on its plain JavaScript backend: channels last, filters turned. */
function byTfjs(x: Float32Array, filters: Float32Array, bias: Float32Array): Tensor {
  tf.engine().startScope();
  try {
    const image = tf.tensor4d(x, [1, CHANNELS, EXTENT, EXTENT]).transpose([0, 2, 3, 1]);
    const kernel = tf.tensor4d(filters, [OUT, CHANNELS, 3, 3]).transpose([2, 3, 1, 0]);
    const sum = tf.conv2d(image as tf.Tensor4D, kernel as tf.Tensor4D, 2, 'valid').add(tf.tensor1d(bias));
    const ofm = tf.maxPool(sum.relu() as tf.Tensor4D, 2, 1, 'valid').transpose([0, 3, 1, 2]);
    return Tensor.float32(ofm.shape, ofm.dataSync() as Float32Array);
  } finally {
    tf.engine().endScope();
  }
}

describe.each<EngineName>(['tfjs-wasm', 'tfjs-node'])('the lowering for %s', (name) => {
  const skipped = skippedFor(name);
  if (skipped) {
    it.skip(skipped, () => {});
    return;
  }
  let engine: Engine;
  beforeAll(async () => {
    await tf.setBackend('cpu');
    engine = engineNamed(name, { threads: 1 });
    await engine.start();
  });
  afterAll(() => engine.stop());

  it('computes what TensorFlow.js computes when it is called by hand', async () => {
    const builder = new GraphBuilder('layer', 4);
    const image = builder.input('image', [1, CHANNELS, EXTENT, EXTENT]);
    const conv = builder.relu(
      'relu',
      builder.conv('conv', image, { channels: OUT, kernel: 3, stride: 2, bias: true }),
    );
    const graph = builder.build([builder.maxPool('pool', conv, { kernel: 2, stride: 1 })]);
    const [, filters, bias] = graph.nodes
      .find(({ op }) => op === 'Conv')!
      .inputs.map((tensor) => graph.initializers.get(tensor));
    const x = Float32Array.from({ length: CHANNELS * EXTENT ** 2 }, (_, at) => Math.sin(at));
    const want = byTfjs(x, filters!.data as Float32Array, bias!.data as Float32Array);
    const program = await engine.compile(graph);
    const { outputs } = await program.run([Tensor.float32([1, CHANNELS, EXTENT, EXTENT], x)]);
    expect(difference(outputs[0]!, want, { relative: 1e-5, absolute: 1e-5 })).toBeUndefined();
  });
});
