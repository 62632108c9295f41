import { int, text } from '../builder.ts';
import { type Operation, type TranslationFamily, Untranslatable } from '../operation.ts';
import { channelsBack, channelsFirst, formatOf } from '../planes.ts';

/** Which place of the input a pixel of the output is taken from, by TensorFlow's two flags. */
function resized(operation: Operation, mode: 'linear' | 'nearest'): string[] {
  const { attributes } = operation;
  const corners = attributes.flag('align_corners');
  const half = attributes.flag('half_pixel_centers');
  const x = channelsFirst(operation, operation.input(0), 'NHWC');
  const [batch, channels] = operation.shapeOf(x);
  const size = operation.numbers(1, 'size');
  const coordinates = corners ? 'align_corners' : half ? 'half_pixel' : 'asymmetric';
  // TensorFlow takes floor((x + 1/2) scale) with half pixels, which is (x + 1/2) scale - 1/2 rounded with halves up.
  const nearest = corners || half ? 'round_prefer_ceil' : 'floor';
  const made = operation.add('Resize', [x, '', '', operation.int64s('sizes', [batch!, channels!, ...size])], {
    mode: text(mode),
    coordinate_transformation_mode: text(coordinates),
    ...(mode === 'nearest' ? { nearest_mode: text(nearest) } : {}),
  });
  return [channelsBack(operation, made, 'NHWC')];
}

function depthToSpace(operation: Operation): string[] {
  const format = formatOf(operation);
  const x = channelsFirst(operation, operation.input(0), format);
  const blocksize = int(operation.attributes.number('block_size', 2));
  return [
    channelsBack(operation, operation.add('DepthToSpace', [x], { blocksize, mode: text('DCR') }), format),
  ];
}

function spaceToDepth(operation: Operation): string[] {
  const format = formatOf(operation);
  const x = channelsFirst(operation, operation.input(0), format);
  const block = operation.attributes.number('block_size', 2);
  const { dtype, shape } = operation.typeOf(x);
  const [batch, channels, height, width] = shape as [number, number, number, number];
  const type = { dtype, shape: [batch, channels * block * block, height / block, width / block] };
  if (!type.shape.every(Number.isSafeInteger))
    throw new Untranslatable(`cuts ${height} x ${width} into blocks of ${block}`);
  const made = operation.add('SpaceToDepth', [x], { blocksize: int(block) }, type);
  return [channelsBack(operation, made, format)];
}

export const RESIZING: TranslationFamily = {
  ResizeBilinear: (operation) => resized(operation, 'linear'),
  ResizeNearestNeighbor: (operation) => resized(operation, 'nearest'),
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
