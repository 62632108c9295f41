import { describeEngine } from './engine-suite.ts';

describeEngine('tfjs-wasm');
