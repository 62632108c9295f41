import { Tensor } from '../../../src/tensor/tensor.ts';
import { converted, handmade } from '../../support/graph-models.ts';
import { GraphDefBuilder, type GraphModelFile } from '../../support/tfjs-graph.ts';
import type { Model } from './mutator.ts';

const SAME = { strides: [1, 1, 1, 1], dilations: [1, 1, 1, 1], padding: 'SAME' };

/** What the two models of the converter's kind have not: growing planes, cuts, joins, and counting with shapes. */
function reshaped(): GraphModelFile {
  const b = new GraphDefBuilder();
  const image = b.placeholder('image', [null, 8, 8, 4]);
  const wide = b.add('Conv2D', [image, b.floats([3, 3, 4, 8])], SAME);
  const cut = b.add('StridedSlice', [wide, b.ints(0, 1, 1, 0), b.ints(0, 7, 7, 8), b.ints(1, 1, 2, 1)], {
    begin_mask: 1,
    end_mask: 1,
    ellipsis_mask: 0,
    new_axis_mask: 0,
    shrink_axis_mask: 0,
  });
  const padded = b.add('PadV2', [
    cut,
    b.constant(Tensor.of('int32', [4, 2], Int32Array.of(0, 0, 1, 0, 0, 1, 0, 0))),
    b.float(0.5),
  ]);
  const grown = b.add('ResizeBilinear', [padded, b.ints(8, 8)], {
    align_corners: false,
    half_pixel_centers: true,
  });
  const joined = b.add('ConcatV2', [grown, wide, b.int(3)], { N: 2 });
  const spread = b.add('Conv2DBackpropInput', [b.ints(1, 16, 16, 5), b.floats([2, 2, 5, 16]), joined], {
    ...SAME,
    strides: [1, 2, 2, 1],
  });
  const deep = b.add('SpaceToDepth', [spread], { block_size: 2 });
  const mean = b.add('Mean', [b.add('Selu', [deep]), b.ints(1, 2)], { keep_dims: false });
  return b.model({ mean, joined });
}

function modelOf(name: string, { json, bytes }: GraphModelFile): Model {
  const files = new Map<string, Uint8Array>([
    ['model.json', Buffer.from(JSON.stringify(json))],
    ['group1-shard1of1.bin', bytes],
  ]);
  return { name, entry: 'model.json', files };
}

export function graphCorpus(): Model[] {
  return [
    modelOf('converted', converted()),
    modelOf('handmade', handmade()),
    modelOf('reshaped', reshaped()),
  ];
}
