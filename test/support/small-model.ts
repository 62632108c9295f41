import { expect } from '@jest/globals';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import type { ServedModel } from '../../src/master/served-model.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { GraphBuilder } from '../../src/zoo/builder.ts';
import { runWhole } from './execute.ts';

export const SMALL_SHAPE = [1, 8, 16, 16];

/** Two convolutions with filters of some KiB. */
function smallGraph() {
  const builder = new GraphBuilder('small', 7);
  const image = builder.input('image', SMALL_SHAPE);
  const first = builder.relu('relu1', builder.conv('conv1', image, { channels: 12, kernel: 3, pad: 1 }));
  const second = builder.relu('relu2', builder.conv('conv2', first, { channels: 10, kernel: 3 }));
  return builder.build([second]);
}

export const smallModel = { name: 'small', graph: smallGraph(), strategy: 'depth' } satisfies ServedModel;
export const smallImage = Tensor.float32(
  SMALL_SHAPE,
  Float32Array.from({ length: 2048 }, (_, at) => (at % 7) - 3),
);
export const smallInputs = new Map([['image', smallImage]]);

let whole: Promise<Map<string, Tensor>> | undefined;

async function runOnce(): Promise<Map<string, Tensor>> {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  await engine.start();
  return runWhole(engine, smallModel.graph, smallInputs).finally(() => engine.stop());
}

/** The outputs are those of the whole model. */
export async function expectSmall(outputs: ReadonlyMap<string, Tensor>): Promise<void> {
  whole ??= runOnce();
  for (const [name, { data }] of await whole) {
    const got = outputs.get(name)!.data as Float32Array;
    const worst = (data as Float32Array).reduce(
      (most, value, at) => Math.max(most, Math.abs(got[at]! - value)),
      0,
    );
    expect(worst).toBeLessThan(1e-4);
  }
}
