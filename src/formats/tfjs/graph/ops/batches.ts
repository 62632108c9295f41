import { type Operation, type TranslationFamily, Untranslatable } from '../operation.ts';
import { formatOf, planeNumbers } from '../planes.ts';
import { CONVOLUTION, convolution, type Plane } from './convolution.ts';

interface Blocks {
  readonly blocks: readonly [number, number];
  /** Top, bottom, left, right. */
  readonly edges: readonly [number, number, number, number];
}

function blocksOf(operation: Operation): Blocks {
  const blocks = operation.numbers(1, 'block shape');
  const edges = operation.numbers(2, 'list of paddings or crops');
  const fits =
    blocks.length === 2 &&
    edges.length === 4 &&
    blocks.every((block) => Number.isSafeInteger(block) && block >= 1);
  if (!fits || operation.shapeOf(operation.input(0)).length !== 4) {
    throw new Untranslatable(`has the block shape [${blocks}] and the edges [${edges}]`);
  }
  return { blocks: blocks as [number, number], edges: edges as [number, number, number, number] };
}

/** Every pixel whose row and column are the same modulo the block goes into one picture of the batch. */
function spaceToBatch(operation: Operation): string[] {
  const { blocks, edges } = blocksOf(operation);
  const [top, bottom, left, right] = edges;
  const pads = operation.int64s('pads', [0, top, left, 0, 0, bottom, right, 0]);
  const x = edges.some((edge) => edge !== 0)
    ? operation.add('Pad', [operation.input(0), pads])
    : operation.input(0);
  const [batch, height, width, channels] = operation.shapeOf(x) as [number, number, number, number];
  const [rows, columns] = [height / blocks[0], width / blocks[1]];
  if (!Number.isInteger(rows) || !Number.isInteger(columns)) {
    throw new Untranslatable(`cuts ${height} x ${width} into blocks of ${blocks.join(' x ')}`);
  }
  const apart = operation.reshape(x, [batch, rows, blocks[0], columns, blocks[1], channels]);
  const turned = operation.transpose(apart, [2, 4, 0, 1, 3, 5]);
  return [operation.reshape(turned, [blocks[0] * blocks[1] * batch, rows, columns, channels])];
}

function batchToSpace(operation: Operation): string[] {
  const dilated = dilatedConvolution(operation);
  if (dilated) return dilated;
  const { blocks, edges } = blocksOf(operation);
  const x = operation.input(0);
  const [pictures, rows, columns, channels] = operation.shapeOf(x) as [number, number, number, number];
  const batch = pictures / (blocks[0] * blocks[1]);
  const apart = operation.reshape(x, [...blocks, batch, rows, columns, channels]);
  const turned = operation.transpose(apart, [2, 3, 0, 4, 1, 5]);
  const whole = operation.reshape(turned, [batch, rows * blocks[0], columns * blocks[1], channels]);
  const [top, bottom, left, right] = edges;
  const starts = operation.int64s('starts', [top, left]);
  const ends = operation.int64s('ends', [rows * blocks[0] - bottom, columns * blocks[1] - right]);
  return [operation.add('Slice', [whole, starts, ends, operation.int64s('axes', [1, 2])])];
}

/**
 * SpaceToBatchND, a convolution without padding or stride, and BatchToSpaceND are one dilated convolution: that is how
 * TensorFlow writes those that its kernels do not have. Crops take from the pads.
 */
function dilatedConvolution(operation: Operation): string[] | undefined {
  const inner = operation.makers[0];
  const outer = inner?.makers[0];
  if (
    !inner ||
    outer?.node.op !== 'SpaceToBatchND' ||
    inner.node.op === 'Conv2DBackpropInput' ||
    !Object.hasOwn(CONVOLUTION, inner.node.op)
  )
    return undefined;
  const [begin, end] = [blocksOf(outer), blocksOf(operation)];
  const format = formatOf(inner);
  const ones = (values: readonly number[]) => values.every((value) => value === 1);
  const plain =
    format === 'NHWC' &&
    inner.attributes.text('padding').toUpperCase() === 'VALID' &&
    ones(planeNumbers(inner, 'strides', format)) &&
    ones(planeNumbers(inner, 'dilations', format));
  if (!plain || String(begin.blocks) !== String(end.blocks)) return undefined;
  const [top, bottom, left, right] = begin.edges.map((edge, at) => edge - end.edges[at]!) as [
    number,
    number,
    number,
    number,
  ];
  if ([top, bottom, left, right].some((pad) => pad < 0)) return undefined;
  const plane: Plane = { input: outer.input(0), dilations: begin.blocks, pads: [top, left, bottom, right] };
  return convolution(inner, plane);
}

export const BATCHES: TranslationFamily = {
  SpaceToBatchND: spaceToBatch,
  BatchToSpaceND: batchToSpace,
};
