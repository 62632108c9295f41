import { int, ints } from '../builder.ts';
import type { Operation, TranslationFamily } from '../operation.ts';
import { channelsBack, channelsFirst, formatOf, padsOf, planeNumbers } from '../planes.ts';

/** Windows that reach over the border leave the padding out of their average. */
function pooling(op: 'MaxPool' | 'AveragePool') {
  return (operation: Operation): string[] => {
    const format = formatOf(operation);
    const x = channelsFirst(operation, operation.input(0), format);
    const [, , height, width] = operation.shapeOf(x);
    const kernel = planeNumbers(operation, 'ksize', format);
    const strides = planeNumbers(operation, 'strides', format);
    const pads = padsOf(operation, [height!, width!], { kernel, strides, dilations: [1, 1] }, format);
    const average = op === 'AveragePool' ? { count_include_pad: int(0) } : {};
    const window = { kernel_shape: ints(kernel), strides: ints(strides), pads: ints(pads), ...average };
    return [channelsBack(operation, operation.add(op, [x], window), format)];
  };
}

export const POOLING: TranslationFamily = {
  MaxPool: pooling('MaxPool'),
  AvgPool: pooling('AveragePool'),
};
