import type { EngineOptions } from '../engine.ts';
import { TfjsEngine } from './engine.ts';

/** TensorFlow.js on WebAssembly: no native code, so that it runs wherever Node does. */
export class TfjsWasmEngine extends TfjsEngine {
  constructor(options: EngineOptions = {}) {
    super({ name: 'tfjs-wasm', backend: 'wasm' }, options);
  }
}

/** TensorFlow.js on the native TensorFlow library: an optional dependency. */
export class TfjsNodeEngine extends TfjsEngine {
  constructor(options: EngineOptions = {}) {
    const cure =
      'Its native part is built by `npm run engine:tfjs-node` in a checkout of Isobath, or by its own install script (docs/engines.md).';
    super({ name: 'tfjs-node', backend: 'tensorflow', cure }, options);
  }
}
