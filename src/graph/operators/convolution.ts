import { sizeOf } from '../../tensor/region.ts';
import { numberOf, numbersOf } from '../attributes.ts';
import { transposedWindowOf } from '../transposed-window.ts';
import { checkedWindow, checkLists } from './checked-window.ts';
import {
  hasInput,
  needInput,
  type OperatorContext,
  type OperatorFamily,
  shapeError,
  shapeText,
} from './spec.ts';

/** N x c x spatial with filters f x c/group x kernel gives N x f x spatial'. */
function inferConv(context: OperatorContext) {
  const { node } = context;
  const ifm = needInput(context, 0);
  const filters = needInput(context, 1);
  const group = numberOf(node, 'group', 1);
  const [batch, channels, ...spatial] = ifm.shape;
  const [outChannels, perGroup, ...kernel] = filters.shape;
  const fits =
    ifm.shape.length >= 3 &&
    filters.shape.length === ifm.shape.length &&
    Number.isInteger(group) &&
    group >= 1 &&
    channels === perGroup! * group &&
    outChannels! % group === 0;
  if (!fits) {
    const shapes = `${shapeText(ifm.shape)} and filters ${shapeText(filters.shape)}`;
    throw shapeError(node, `${shapes} do not fit with ${group} groups`);
  }
  checkKernel(context, kernel, filters.shape);
  checkBias(context, outChannels!);
  const { output } = checkedWindow(context, spatial, kernel);
  return [{ dtype: ifm.dtype, shape: [batch!, outChannels!, ...output] }];
}

/** N x c x spatial with filters c x f/group x kernel gives N x f x spatial'. */
function inferConvTranspose(context: OperatorContext) {
  const { node } = context;
  const ifm = needInput(context, 0);
  const filters = needInput(context, 1);
  const group = numberOf(node, 'group', 1);
  const [batch, channels, ...spatial] = ifm.shape;
  const [inChannels, perGroup, ...kernel] = filters.shape;
  const fits =
    ifm.shape.length >= 3 &&
    filters.shape.length === ifm.shape.length &&
    Number.isInteger(group) &&
    group >= 1 &&
    channels === inChannels &&
    channels! % group === 0;
  if (!fits) {
    const shapes = `${shapeText(ifm.shape)} and filters ${shapeText(filters.shape)}`;
    throw shapeError(node, `${shapes} do not fit with ${group} groups`);
  }
  const outChannels = perGroup! * group;
  checkBias(context, outChannels);
  const rank = spatial.length;
  checkLists(context, rank, [
    { name: 'kernel', values: kernel, length: rank, least: 1 },
    { name: 'kernel_shape', values: numbersOf(node, 'kernel_shape'), length: rank, least: 1 },
    { name: 'output_padding', values: numbersOf(node, 'output_padding'), length: rank, least: 0 },
    { name: 'output_shape', values: numbersOf(node, 'output_shape')?.slice(-rank), length: rank, least: 0 },
  ]);
  checkKernel(context, kernel, filters.shape);
  const { output } = transposedWindowOf(node, spatial, kernel);
  if (output.some((extent) => !Number.isSafeInteger(extent) || extent < 0)) {
    throw shapeError(node, `${shapeText(spatial)} becomes ${shapeText(output)}`);
  }
  return [{ dtype: ifm.dtype, shape: [batch!, outChannels, ...output] }];
}

function checkKernel(context: OperatorContext, kernel: readonly number[], filters: readonly number[]): void {
  const named = numbersOf(context.node, 'kernel_shape');
  if (named && shapeText(named) !== shapeText(kernel)) {
    throw shapeError(context.node, `kernel_shape ${shapeText(named)} but filters ${shapeText(filters)}`);
  }
}

function checkBias(context: OperatorContext, outChannels: number): void {
  const bias = hasInput(context, 2) ? context.inputs[2] : undefined;
  if (bias && (bias.shape.length !== 1 || bias.shape[0] !== outChannels)) {
    throw shapeError(context.node, `a bias of ${shapeText(bias.shape)} for ${outChannels} output channels`);
  }
}

export const CONVOLUTION: OperatorFamily = {
  Conv: {
    infer: inferConv,
    /** One filter, c/group x kernel, per element of the OFM. */
    macs: (context, ofm) => sizeOf(ofm.shape) * sizeOf(needInput(context, 1).shape.slice(1)),
  },
  ConvTranspose: {
    infer: inferConvTranspose,
    /** One filter, f/group x kernel, per element of the IFM. */
    macs: (context) => sizeOf(needInput(context, 0).shape) * sizeOf(needInput(context, 1).shape.slice(1)),
  },
};
