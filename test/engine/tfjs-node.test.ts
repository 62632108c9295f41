import { describe } from '@jest/globals';
import { TfjsNodeEngine } from '../../src/engine/tfjs/engines.ts';
import { describeTfjs } from './tfjs-suite.ts';

describe('the engine tfjs-node', () => {
  describeTfjs(() => new TfjsNodeEngine());
});
