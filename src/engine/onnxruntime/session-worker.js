// The thread in which onnxruntime runs: its `run` blocks the thread that calls it. Plain JavaScript, because a worker
// thread loads it as it lies, from src/ under the tests and from dist/ in service.
import { parentPort } from 'node:worker_threads';

/** @typedef {{ dtype: string, shape: number[], data: any }} PlainTensor */

const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort);
/** To move so little memory to the other thread takes longer than to copy it. */
const SMALL_BYTES = 16_384;

/** @type {Map<number, import('onnxruntime-node').InferenceSession>} */
const sessions = new Map();
/** @type {typeof import('onnxruntime-node')} */
let ort;

/** @type {Record<string, (request: any) => Promise<{ result?: any, transfer?: ArrayBuffer[] }>>} */
const operations = {
  async load() {
    // float16 travels as raw bits. Where Float16Array exists (Node 24), onnxruntime would turn them into one and then
    // not find its elements; this thread needs none.
    Reflect.deleteProperty(globalThis, 'Float16Array');
    const module = await import('onnxruntime-node');
    ort = /** @type {any} */ (module).default ?? module;
    return { result: { version: ort.env.versions.node ?? ort.env.versions.common } };
  },

  async open({ session, model, external, threads, optimization }) {
    const created = await ort.InferenceSession.create(model, {
      graphOptimizationLevel: optimization,
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      externalData: external,
      logSeverityLevel: 3,
      extra: {
        session: {
          // Its threads would go on spinning for some 10 ms after each run, and take a core from whoever has work now.
          force_spinning_stop: '1',
          // Computes in float32 with filters that are scaled in blocks. Without it the other factor is rounded to 8 bits
          // first: 5e-3 of the largest magnitude. Programs have none left (kernel-graph.ts), but a subgraph may.
          qdq_matmulnbits_accuracy_level: '1',
          // Two roundings in a row, to steps of different sizes, would become one.
          disable_double_qdq_remover: '1',
          // Else int8 becomes uint8 where a tensor has one reader, and a layer between both types is computed in float32
          // instead of integers: what a layer gives would depend on what lies around it.
          qdqisint8allowed: '1',
        },
        // Float32 filters between quantised feature maps would get one scale for all channels.
        optimization: { disable_specified_optimizers: 'WeightBiasQuantization' },
      },
    });
    sessions.set(session, created);
    const outputs = created.outputMetadata.map((output) => ({
      name: output.name,
      type: output.isTensor ? output.type : 'not a tensor',
    }));
    return { result: { outputs } };
  },

  async run({ session, names, inputs, outputs }) {
    const open = sessions.get(session);
    if (!open) throw new Error('the program was disposed of');
    if (inputs.length !== names.length)
      throw new Error(`it takes ${names.length} inputs, not ${inputs.length}`);
    /** @type {Record<string, import('onnxruntime-node').Tensor>} */
    const feeds = {};
    names.forEach((/** @type {string} */ name, /** @type {number} */ at) => {
      const { dtype, shape, data } = /** @type {PlainTensor} */ (inputs[at]);
      feeds[name] = new ort.Tensor(/** @type {any} */ (dtype), data, shape);
    });
    const started = performance.now();
    const results = await open.run(feeds, outputs);
    const computeMs = performance.now() - started;
    const tensors = outputs.map((/** @type {string} */ name) => plain(results[name]));
    const transfer = new Set(
      tensors
        .map((/** @type {PlainTensor} */ { data }) => data.buffer)
        .filter((/** @type {ArrayBuffer} */ { byteLength }) => byteLength > SMALL_BYTES),
    );
    return { result: { tensors, computeMs }, transfer: [...transfer] };
  },

  async close({ session }) {
    const open = sessions.get(session);
    sessions.delete(session);
    await open?.release();
    return {};
  },
};

/**
 * @param {import('onnxruntime-node').Tensor | undefined} tensor
 * @returns {PlainTensor}
 */
function plain(tensor) {
  if (!tensor || !ArrayBuffer.isView(tensor.data)) throw new Error('an output is not a numeric tensor');
  return { dtype: tensor.type, shape: [...tensor.dims], data: tensor.data };
}

port.on('message', async ({ id, operation, request }) => {
  try {
    const { result, transfer } = await /** @type {any} */ (operations[operation])(request);
    port.postMessage({ id, result }, transfer ?? []);
  } catch (error) {
    port.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
});
