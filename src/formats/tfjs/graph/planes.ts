import { type Operation, Untranslatable } from './operation.ts';

/** Where channels are: TensorFlow's `data_format`. */
export type Format = 'NHWC' | 'NCHW';

const TO_FIRST = [0, 3, 1, 2];
const TO_LAST = [0, 2, 3, 1];

export function formatOf(operation: Operation): Format {
  const format = operation.attributes.text('data_format', 'NHWC').toUpperCase();
  if (format === 'NHWC' || format === 'NCHW') return format;
  throw new Untranslatable(`has the data_format ${format}`);
}

export function channelsFirst(operation: Operation, tensor: string, format: Format): string {
  const { length } = operation.shapeOf(tensor);
  if (length !== 4) throw new Untranslatable(`works on ${length} dimensions, not on 4`);
  return format === 'NHWC' ? operation.transpose(tensor, TO_FIRST) : tensor;
}

export function channelsBack(operation: Operation, tensor: string, format: Format): string {
  return format === 'NHWC' ? operation.transpose(tensor, TO_LAST) : tensor;
}

/** The two numbers of rows and columns among four, one per axis; those of batch and channels must be 1. */
export function planeNumbers(
  operation: Operation,
  attribute: string,
  format: Format,
): readonly [number, number] {
  const values = operation.attributes.numbers(attribute) ?? [1, 1, 1, 1];
  const [batch, channels, rows, columns] =
    format === 'NHWC' ? [values[0], values[3], values[1], values[2]] : values;
  const fits = values.length === 4 && batch === 1 && channels === 1;
  if (fits && [rows!, columns!].every((value) => Number.isInteger(value) && value >= 1))
    return [rows!, columns!];
  throw new Untranslatable(`has the ${attribute} [${values}]`);
}

export interface PlaneWindow {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
}

/**
 * Pads of rows and columns, first those before and then those after, as ONNX has them. SAME gives the odd one of two
 * to the end.
 */
export function padsOf(
  operation: Operation,
  plane: readonly [number, number],
  window: PlaneWindow,
  format: Format,
): number[] {
  const padding = operation.attributes.text('padding', 'VALID').toUpperCase();
  if (padding === 'VALID') return [0, 0, 0, 0];
  if (padding === 'SAME') {
    const totals = plane.map((extent, axis) => {
      const stride = window.strides[axis]!;
      const reach = (window.kernel[axis]! - 1) * window.dilations[axis]! + 1;
      return Math.max(0, (Math.ceil(extent / stride) - 1) * stride + reach - extent);
    });
    const before = totals.map((total) => Math.floor(total / 2));
    return [...before, ...totals.map((total, axis) => total - before[axis]!)];
  }
  const explicit = operation.attributes.numbers('explicit_paddings') ?? [];
  if (padding !== 'EXPLICIT' || explicit.length !== 8) throw new Untranslatable(`has the padding ${padding}`);
  const [rows, columns] = format === 'NHWC' ? [1, 2] : [2, 3];
  return [explicit[2 * rows]!, explicit[2 * columns]!, explicit[2 * rows + 1]!, explicit[2 * columns + 1]!];
}
