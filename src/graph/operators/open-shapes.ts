import type { OperatorFamily, OperatorSpec } from './spec.ts';

/** How many elements come out is told by the elements that go in: no run on other values can teach it. */
const open: OperatorSpec = { open: true, infer: () => [] };

export const OPEN_SHAPES: OperatorFamily = {
  NonMaxSuppression: open,
  NonZero: open,
  Compress: open,
  Unique: open,
  If: open,
  Loop: open,
};
