import { describe } from '@jest/globals';
import { TfjsWasmEngine } from '../../src/engine/tfjs/engines.ts';
import { describeTfjs } from './tfjs-suite.ts';

describe('the engine tfjs-wasm', () => {
  describeTfjs(() => new TfjsWasmEngine());
});
