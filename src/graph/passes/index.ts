import type { Graph } from '../graph.ts';
import { dropIdentity } from './drop-identity.ts';
import { dropUnused } from './drop-unused.ts';
import { foldBatchNorm } from './fold-batch-norm.ts';
import { foldConstants } from './fold-constants.ts';
import { foldPads } from './fold-pads.ts';
import { mergeReshapes } from './merge-reshapes.ts';
import { moveIntoDequantized } from './move-into-dequantized.ts';
import { openLast } from './open-last.ts';
import type { Pass } from './pass.ts';
import { placeDequantized } from './place-dequantized.ts';
import { placeQuantized } from './place-quantized.ts';
import { poolReductions } from './pool-reductions.ts';
import { sinkTransposes } from './sink-transposes.ts';
import { sliceSplits } from './slice-splits.ts';
import { unheldInside } from './unheld-inside.ts';

/** What is done to a model before it is planned, in this order. */
export const PASSES: readonly Pass[] = [
  sliceSplits,
  foldConstants,
  moveIntoDequantized,
  dropIdentity,
  sinkTransposes,
  foldPads,
  poolReductions,
  mergeReshapes,
  foldBatchNorm,
  dropIdentity,
  dropUnused,
  unheldInside,
  openLast,
  placeDequantized,
  placeQuantized,
];

export interface SimplifyOptions {
  /** False keeps BatchNormalization as it is: folding it into filters changes results by float rounding. */
  readonly foldBatchNorm?: boolean;
}

/**
 * A smaller graph with the same inputs, outputs and results. Types must have been inferred before, and are to be
 * inferred again: what was folded may close a shape that was open.
 */
export function simplify(graph: Graph, options: SimplifyOptions = {}): Graph {
  const left = options.foldBatchNorm === false ? PASSES.filter((pass) => pass !== foldBatchNorm) : PASSES;
  return left.reduce((simplified, pass) => pass.run(simplified), graph);
}
