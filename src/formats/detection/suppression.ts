import { type Corners, intersectionOverUnion, type Keypoint } from './box.ts';

/** A box that may hold something, in pixels of the model's input. */
export interface Candidate {
  readonly box: Corners;
  /** Of the class. */
  readonly index: number;
  readonly score: number;
  /** In pixels of the model's input, x, y and perhaps how sure it is. */
  readonly keypoints?: readonly Keypoint[];
}

/** The most that counts in the search for boxes of one class: with a threshold near 0, everything is a candidate. */
const MAX_CANDIDATES = 10_000;

/** Greatest score first; of equal ones the earlier. */
export function byScore<T extends { readonly score: number }>(candidates: readonly T[]): T[] {
  return candidates.toSorted((a, b) => b.score - a.score);
}

/**
 * Non-maximum suppression: the best box stays, and every other that overlaps it by more than `iou` goes; then the best
 * of what is left. At most `most` boxes, the best first. As ONNX's NonMaxSuppression has it for one class.
 */
export function suppressed<T extends Candidate>(candidates: readonly T[], iou: number, most: number): T[] {
  const kept: T[] = [];
  for (const candidate of byScore(candidates).slice(0, MAX_CANDIDATES)) {
    if (kept.length >= most) break;
    if (kept.every(({ box }) => intersectionOverUnion(box, candidate.box) <= iou)) kept.push(candidate);
  }
  return kept;
}

/** Suppression within each class. */
export function suppressedByClass<T extends Candidate>(
  candidates: readonly T[],
  iou: number,
  most: number,
): T[] {
  const classes = new Map<number, T[]>();
  for (const candidate of candidates) {
    const own = classes.get(candidate.index);
    if (own) own.push(candidate);
    else classes.set(candidate.index, [candidate]);
  }
  const kept = [...classes.values()].flatMap((own) => suppressed(own, iou, most));
  return byScore(kept).slice(0, most);
}
