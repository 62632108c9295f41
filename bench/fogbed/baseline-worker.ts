import { InferenceSession, Tensor } from 'onnxruntime-node';
import { answerCalls } from './calls.ts';
import type { PlainTensors } from './plain-tensors.ts';

/** The whole model in onnxruntime on one device, with nothing of Isobath around it. */

let session: InferenceSession | undefined;
let feeds: Record<string, Tensor> = {};

answerCalls({
  /** Reads the model, and keeps the inputs. */
  async open({ model, inputs }: { readonly model: string; readonly inputs: PlainTensors }): Promise<void> {
    session = await InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
    feeds = Object.fromEntries(
      inputs.map(({ name, dtype, shape, data }) => [
        name,
        new Tensor(dtype as 'float32', data as Float32Array, shape),
      ]),
    );
  },

  /** Milliseconds of one run. */
  async run(): Promise<number> {
    const started = performance.now();
    await session!.run(feeds);
    return performance.now() - started;
  },

  async outputs(): Promise<PlainTensors> {
    const results = await session!.run(feeds);
    return Object.entries(results).map(([name, { type, dims, data }]) => ({
      name,
      dtype: type as 'float32',
      shape: [...dims],
      data: data as Float32Array,
    }));
  },
});
