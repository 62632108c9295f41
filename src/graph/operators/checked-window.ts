import type { Shape } from '../../tensor/region.ts';
import { numbersOf, stringOf } from '../attributes.ts';
import { type Window, windowOf, windowOutput } from '../window.ts';
import { type OperatorContext, shapeError, shapeText } from './spec.ts';

const AUTO_PADS = ['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'];

/** The window of a Conv or pooling node and the output's spatial shape, after a check of every number in it. */
export function checkedWindow(
  context: OperatorContext,
  spatial: Shape,
  kernel: readonly number[],
): { window: Window; output: number[] } {
  const { node } = context;
  const rank = spatial.length;
  checkLists(context, rank, [{ name: 'kernel', values: kernel, length: rank, least: 1 }]);
  const window = windowOf(node, spatial, kernel);
  const output = windowOutput(window, spatial);
  if (output.some((extent) => extent < 1)) {
    throw shapeError(node, `a window of ${shapeText(kernel)} does not fit into ${shapeText(spatial)}`);
  }
  return { window, output };
}

interface NamedList {
  readonly name: string;
  readonly values: readonly number[] | undefined;
  readonly length: number;
  readonly least: number;
}

/** Checks strides, dilations, pads and auto_pad of a node over `rank` spatial axes, and further lists of its own. */
export function checkLists(context: OperatorContext, rank: number, own: readonly NamedList[]): void {
  const { node } = context;
  const lists = [
    ...own,
    { name: 'strides', values: numbersOf(node, 'strides'), length: rank, least: 1 },
    { name: 'dilations', values: numbersOf(node, 'dilations'), length: rank, least: 1 },
    { name: 'pads', values: numbersOf(node, 'pads'), length: 2 * rank, least: 0 },
  ];
  for (const { name, values, length, least } of lists) {
    if (!values) continue;
    const valid =
      values.length === length && values.every((value) => Number.isSafeInteger(value) && value >= least);
    if (!valid) throw shapeError(node, `${name} ${shapeText(values)} for ${rank} spatial axes`);
  }
  const autoPad = stringOf(node, 'auto_pad', 'NOTSET');
  if (!AUTO_PADS.includes(autoPad)) throw shapeError(node, `auto_pad ${autoPad} is not known`);
}
