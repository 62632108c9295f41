import { int, ints } from '../builder.ts';
import { type Operation, type TranslationFamily, Untranslatable } from '../operation.ts';
import { channelsBack, channelsFirst, type Format, formatOf, padsOf, planeNumbers } from '../planes.ts';
import { fusedTail } from './activations.ts';
import { batchNormalized } from './normalization.ts';

/** What a convolution does to rows and columns; a pair of SpaceToBatchND and BatchToSpaceND puts its own in. */
export interface Plane {
  readonly input: string;
  readonly dilations: readonly [number, number];
  readonly pads: readonly number[];
}

/** Conv2D, or its depthwise sibling, with all that is fused with it. */
export function convolution(operation: Operation, plane?: Plane): string[] {
  const format = formatOf(operation);
  const [x, filters] = [plane?.input ?? operation.input(0), operation.input(1)];
  const ifm = channelsFirst(operation, x, format);
  const shape = operation.shapeOf(filters);
  if (shape.length !== 4) throw new Untranslatable(`has filters of ${shape.length} dimensions`);
  const [rows, columns, depth, multiplier] = shape as [number, number, number, number];
  const [, channels, height, width] = operation.shapeOf(ifm);
  const depthwise = operation.node.op.includes('epthwise');
  // Filters are [rows, columns, depth, filters], or [rows, columns, channels, filters per channel].
  const laid = depthwise
    ? operation.reshape(operation.transpose(filters, [2, 3, 0, 1]), [depth * multiplier, 1, rows, columns])
    : operation.transpose(filters, [3, 2, 0, 1]);
  const kernel = [rows, columns] as const;
  const strides = planeNumbers(operation, 'strides', format);
  const dilations = plane?.dilations ?? planeNumbers(operation, 'dilations', format);
  const pads = plane?.pads ?? padsOf(operation, [height!, width!], { kernel, strides, dilations }, format);
  const bias = fusedBias(operation);
  const ofm = operation.add('Conv', [ifm, laid, ...(bias === undefined ? [] : [bias])], {
    kernel_shape: ints(kernel),
    strides: ints(strides),
    dilations: ints(dilations),
    pads: ints(pads),
    group: int(depthwise ? depth : channels! / depth),
  });
  return [tail(operation, ofm, format, bias !== undefined)];
}

/** The bias that can go into the convolution itself. */
function fusedBias(operation: Operation): string | undefined {
  const [first] = operation.attributes.texts('fused_ops');
  const bias = operation.inputs[2];
  if (first !== 'BiasAdd' || bias === undefined || !operation.builder.value(bias)) return undefined;
  return operation.shapeOf(bias).length === 1 ? bias : undefined;
}

function tail(operation: Operation, ofm: string, format: Format, biased: boolean): string {
  const [first, ...more] = operation.attributes.texts('fused_ops');
  if (first !== 'FusedBatchNorm') {
    const made = channelsBack(operation, ofm, format);
    if (biased) return fusedTail(operation, made, more, 1);
    if (first !== 'BiasAdd')
      return fusedTail(operation, made, first === undefined ? [] : [first, ...more], 0);
    return fusedTail(operation, withBias(operation, made, operation.input(2), format), more, 1);
  }
  const parameters = operation.inputs.slice(2, 6);
  if (parameters.length < 4)
    throw new Untranslatable(`has ${parameters.length} parameters for FusedBatchNorm`);
  const normal = batchNormalized(operation, ofm, parameters, operation.attributes.number('epsilon', 1e-4));
  return fusedTail(operation, channelsBack(operation, normal, format), more, 4);
}

/** The bias is a vector, one number per channel. */
export function withBias(operation: Operation, x: string, bias: string, format: Format): string {
  const rank = operation.shapeOf(x).length;
  const [channels] = operation.shapeOf(bias);
  const laid =
    format === 'NHWC' || rank < 3
      ? bias
      : operation.reshape(bias, [channels!, ...new Array<number>(rank - 2).fill(1)]);
  return operation.add('Add', [x, laid]);
}

/** The gradient of a convolution, which models use as a convolution that makes planes larger. */
function transposed(operation: Operation): string[] {
  const format = formatOf(operation);
  const [sizes, filters] = [operation.numbers(0, 'output shape'), operation.input(1)];
  const ifm = channelsFirst(operation, operation.input(2), format);
  const [rows, columns, channels] = operation.shapeOf(filters);
  const [batch] = operation.shapeOf(ifm);
  // Older files leave the batch, or the channels, out of the shape.
  const plane = format === 'NHWC' ? sizes.slice(-3, -1) : sizes.slice(-2);
  const [height, width] = plane as [number, number];
  if (plane.length !== 2 || !plane.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
    throw new Untranslatable(`has the output shape [${sizes}]`);
  }
  const kernel = [rows!, columns!] as const;
  const strides = planeNumbers(operation, 'strides', format);
  const dilations = planeNumbers(operation, 'dilations', format);
  const pads = padsOf(operation, [height, width], { kernel, strides, dilations }, format);
  const [, , h, w] = operation.shapeOf(ifm);
  const output = [height, width].map((extent, axis) => {
    const reach = (kernel[axis]! - 1) * dilations[axis]! + 1;
    return extent - ((axis === 0 ? h! : w!) - 1) * strides[axis]! - reach + pads[axis]! + pads[axis + 2]!;
  });
  const { dtype } = operation.typeOf(ifm);
  const attributes = {
    kernel_shape: ints(kernel),
    strides: ints(strides),
    dilations: ints(dilations),
    pads: ints(pads),
    output_padding: ints(output),
  };
  // Filters are [rows, columns, filters, depth]; here they become [depth, filters, rows, columns].
  const laid = operation.transpose(filters, [3, 2, 0, 1]);
  const type = { dtype, shape: [batch!, channels!, height, width] };
  return [channelsBack(operation, operation.add('ConvTranspose', [ifm, laid], attributes, type), format)];
}

export const CONVOLUTION: TranslationFamily = {
  Conv2D: (operation) => convolution(operation),
  _FusedConv2D: (operation) => convolution(operation),
  DepthwiseConv2d: (operation) => convolution(operation),
  DepthwiseConv2dNative: (operation) => convolution(operation),
  FusedDepthwiseConv2dNative: (operation) => convolution(operation),
  _FusedDepthwiseConv2dNative: (operation) => convolution(operation),
  Conv2DBackpropInput: transposed,
};
