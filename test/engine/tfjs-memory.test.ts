import { afterEach, describe, expect, it } from '@jest/globals';
import type { TfjsEngine } from '../../src/engine/tfjs/engine.ts';
import { TfjsNodeEngine, TfjsWasmEngine } from '../../src/engine/tfjs/engines.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { GraphBuilder } from '../../src/zoo/builder.ts';
import { skippedFor } from '../support/engines.ts';

const SHAPE = [1, 8, 12, 12];
const ENGINES = [TfjsWasmEngine, TfjsNodeEngine];

/** Convolutions of several kinds, pooling, a join, and a dense layer: intermediate tensors of every sort. */
function smallModel() {
  const builder = new GraphBuilder('small', 5);
  const image = builder.input('image', SHAPE);
  const a = builder.relu('a-relu', builder.conv('a', image, { channels: 8, kernel: 3, pad: 1 }));
  const b = builder.conv('b', a, { channels: 8, kernel: 3, pad: 1, groups: 8 });
  const c = builder.conv('c', builder.add('sum', a, b), { channels: 12, kernel: 3, groups: 4 });
  return inferTypes(builder.build([builder.averagePool('pool', c, { kernel: 3, stride: 2, pad: 1 })]));
}

describe.each(ENGINES.map((each) => [new each().name as 'tfjs-wasm' | 'tfjs-node', each] as const))(
  'the memory of %s',
  (name, Engine) => {
    const skipped = skippedFor(name);
    if (skipped) {
      it.skip(skipped, () => {});
      return;
    }
    let engine: TfjsEngine;
    afterEach(() => engine.stop());

    it('is after a run what it was before, and after dispose what it was at first', async () => {
      engine = new Engine();
      await engine.start();
      const first = await engine.memory();
      const program = await engine.compile(smallModel());
      const before = await engine.memory();
      expect(before.tensors).toBeGreaterThan(first.tensors);
      for (let run = 0; run < 5; run += 1) {
        const { outputs } = await program.run([Tensor.zeros('float32', SHAPE)], { consume: true });
        expect(outputs[0]!.shape.slice(0, 2)).toEqual([1, 12]);
        expect(await engine.memory()).toEqual(before);
      }
      await expect(program.run([Tensor.zeros('float32', [1, 8, 12, 11])])).rejects.toMatchObject({
        code: 'ISO_ERR_ENGINE_RUN',
      });
      expect(await engine.memory()).toEqual(before);
      await program.dispose();
      expect(await engine.memory()).toEqual(first);
    });
  },
);
