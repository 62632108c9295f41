import { sizeOf } from '../../tensor/region.ts';
import { numberOf, numbersOf } from '../attributes.ts';
import { checkedWindow } from './checked-window.ts';
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
  const named = numbersOf(node, 'kernel_shape');
  if (named && shapeText(named) !== shapeText(kernel)) {
    throw shapeError(node, `kernel_shape ${shapeText(named)} but filters ${shapeText(filters.shape)}`);
  }
  const bias = hasInput(context, 2) ? context.inputs[2] : undefined;
  if (bias && (bias.shape.length !== 1 || bias.shape[0] !== outChannels)) {
    throw shapeError(node, `a bias of ${shapeText(bias.shape)} for ${outChannels} output channels`);
  }
  const { output } = checkedWindow(context, spatial, kernel);
  return [{ dtype: ifm.dtype, shape: [batch!, outChannels!, ...output] }];
}

export const CONVOLUTION: OperatorFamily = {
  Conv: {
    infer: inferConv,
    /** One filter, c/group x kernel, per element of the OFM. */
    macs: (context, ofm) => sizeOf(ofm.shape) * sizeOf(needInput(context, 1).shape.slice(1)),
  },
};
