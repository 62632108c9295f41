import type { Translation } from '../operation.ts';
import { BATCHES } from './batches.ts';
import { CONTROL_FLOW } from './control-flow.ts';
import { CONVOLUTION } from './convolution.ts';
import { ELEMENTWISE } from './elementwise.ts';
import { GATHERING } from './gathering.ts';
import { INTEGERS } from './integers.ts';
import { JOINING } from './joining.ts';
import { MATMUL } from './matmul.ts';
import { NORMALIZATION } from './normalization.ts';
import { POOLING } from './pooling.ts';
import { REDUCTION } from './reduction.ts';
import { RESIZING } from './resizing.ts';
import { SHAPING } from './shaping.ts';
import { SLICING } from './slicing.ts';

/** How each operator of TensorFlow is said in ours; Const and Placeholder are the reader's. */
export const TRANSLATIONS: ReadonlyMap<string, Translation> = new Map(
  [
    CONVOLUTION,
    MATMUL,
    NORMALIZATION,
    POOLING,
    ELEMENTWISE,
    REDUCTION,
    JOINING,
    SLICING,
    GATHERING,
    SHAPING,
    RESIZING,
    BATCHES,
    INTEGERS,
    CONTROL_FLOW,
  ].flatMap((family) => Object.entries(family)),
);
