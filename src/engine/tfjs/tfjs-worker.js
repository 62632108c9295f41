// The thread in which TensorFlow.js runs. Plain JavaScript, because a worker thread loads it as it lies, from src/ under
// the tests and from dist/ in service. It knows nothing of graphs: it calls kernels as the program's steps say.
import { createRequire } from 'node:module';
import { parentPort } from 'node:worker_threads';

/** @typedef {{ id: number, dtype: any, shape: number[], data: any }} Filled */
/** @typedef {{ kernel: string, inputs: any, attrs: any, output: number, free: number[] }} Step */
/** @typedef {{ steps: Step[], outputs: number[], constants: Map<number, import('@tensorflow/tfjs-core').Tensor> }} Session */

const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort);
const require = createRequire(import.meta.url);
/** @type {Map<number, Session>} */
const sessions = new Map();
/** @type {typeof import('@tensorflow/tfjs-core')} */
let tf;

/** @type {Record<string, () => Promise<string>>} */
const backends = {
  async wasm() {
    tf = require('@tensorflow/tfjs-core');
    const { version_wasm } = require('@tensorflow/tfjs-backend-wasm');
    if (!(await tf.setBackend('wasm'))) throw new Error('the WebAssembly module did not start');
    const simd = await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT');
    return `${version_wasm}${simd ? ' (SIMD)' : ''}`;
  },

  async tensorflow() {
    // Node 23 took these out of util, and the package of 2024 still calls them.
    const util = require('node:util');
    util.isNullOrUndefined ??= (/** @type {unknown} */ value) => value === null || value === undefined;
    util.isArray ??= Array.isArray;
    // not the union package's greeting
    console.warn = () => undefined;
    tf = require('@tensorflow/tfjs-node');
    await tf.ready();
    const { version } = require('@tensorflow/tfjs-node/package.json');
    const { binding } = /** @type {any} */ (tf.backend());
    return `${version} (TensorFlow ${binding.TF_Version})`;
  },
};

/** @type {Record<string, (request: any) => Promise<{ result?: any, transfer?: ArrayBuffer[] }>>} */
const operations = {
  async load({ backend }) {
    const version = await /** @type {any} */ (backends[backend])();
    const kernels = tf.getKernelsForBackend(tf.getBackend()).map(({ kernelName }) => kernelName);
    return { result: { version, kernels } };
  },

  async open({ session, constants, steps, outputs }) {
    const resident = new Map(constants.map((/** @type {Filled} */ each) => [each.id, tensorOf(each)]));
    sessions.set(session, { steps, outputs, constants: resident });
    return {};
  },

  async run({ session, inputs }) {
    const open = sessions.get(session);
    if (!open) throw new Error('the program was disposed of');
    const { constants, steps, outputs } = open;
    const engine = tf.engine();
    // whatever a kernel leaves behind goes with the scope
    engine.startScope();
    try {
      /** @type {Map<number, any>} */
      const made = new Map(inputs.map((/** @type {Filled} */ each) => [each.id, tensorOf(each)]));
      const get = (/** @type {number} */ id) => made.get(id) ?? constants.get(id);
      const started = performance.now();
      for (const { kernel, inputs: reads, attrs, output, free } of steps) {
        const given = Array.isArray(reads)
          ? reads.map(get)
          : Object.fromEntries(Object.entries(reads).map(([name, id]) => [name, get(id)]));
        made.set(output, engine.runKernel(kernel, /** @type {any} */ (given), attrs));
        for (const id of free) {
          made.get(id).dispose();
          made.delete(id);
        }
      }
      const arrays = outputs.map((id) => own(get(id).dataSync()));
      const computeMs = performance.now() - started;
      return { result: { arrays, computeMs }, transfer: [...new Set(arrays.map(({ buffer }) => buffer))] };
    } finally {
      engine.endScope();
    }
  },

  async close({ session }) {
    for (const tensor of sessions.get(session)?.constants.values() ?? []) tensor.dispose();
    sessions.delete(session);
    return {};
  },

  async memory() {
    const { numTensors, numBytes } = tf.memory();
    return { result: { tensors: numTensors, bytes: numBytes } };
  },
};

/** @param {Filled} each */
function tensorOf({ dtype, shape, data }) {
  return tf.tensor(data, shape, dtype);
}

/**
 * The array in memory that can leave this thread.
 * @param {any} data
 */
function own(data) {
  const whole = data.byteLength === data.buffer.byteLength && data.buffer instanceof ArrayBuffer;
  return whole ? data : data.slice();
}

port.on('message', async ({ id, operation, request }) => {
  try {
    const { result, transfer } = await /** @type {any} */ (operations[operation])(request);
    port.postMessage({ id, result }, transfer ?? []);
  } catch (error) {
    port.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
});
