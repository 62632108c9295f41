import { numbersOf } from '../attributes.ts';
import {
  checkedAxis,
  checkedIntegers,
  hasInput,
  integersOf,
  type OperatorContext,
  shapeError,
} from './spec.ts';

/**
 * Axes (or another list of integers) that were an attribute in older operator sets and are an input in newer ones.
 * `unknown` where an input names them that only a run can tell; undefined where the node leaves them out.
 */
export function attributeOrInput(
  context: OperatorContext,
  attribute: string,
  input: number,
): readonly number[] | 'unknown' | undefined {
  if (hasInput(context, input)) return integersOf(context, input) ?? 'unknown';
  const values = numbersOf(context.node, attribute);
  return values && checkedIntegers(context, values);
}

/** Axes from the front, in rising order. Throws ISO_ERR_SHAPE_INVALID where one is named twice. */
export function checkedAxes(context: OperatorContext, axes: readonly number[], rank: number): number[] {
  const positive = axes.map((axis) => checkedAxis(context, axis, rank));
  if (new Set(positive).size < positive.length) {
    throw shapeError(context.node, `an axis of [${axes}] is named twice`);
  }
  return positive.sort((a, b) => a - b);
}
