import { readRegion } from '../tensor/copy.ts';
import { elementBytes } from '../tensor/dtype.ts';
import { type Region, regionShape, regionSize } from '../tensor/region.ts';
import { bytesOf, type Tensor } from '../tensor/tensor.ts';
import type { Bus } from '../transport/bus.ts';
import { chunkRanges } from '../wire/chunks.ts';
import { encodeFrame, type Unsealed } from '../wire/codec.ts';
import { VERSION } from '../wire/messages/common.ts';
import type { ShardChunk } from '../wire/messages/shard-chunk.ts';

/** Who a region is for. */
export type RegionAddress = Pick<ShardChunk, 'request' | 'stage' | 'shard' | 'attempt' | 'tensor'>;

export interface Published {
  readonly bytes: number;
  /** Slicing and encoding, without waiting for the network. */
  readonly partitionMs: number;
}

/** Publishes `region` of the tensor in chunks; each byte is copied once, from the tensor into its frame. */
export async function publishRegion(
  bus: Bus,
  topic: string,
  address: RegionAddress,
  tensor: Tensor,
  region: Region,
  chunkBytes?: number,
): Promise<Published> {
  const width = elementBytes(tensor.dtype);
  const source = bytesOf(tensor.data);
  const sourceShape = [...tensor.shape, width];
  const sourceRegion: Region = [...region, [0, width]];
  const bytes = regionSize(region) * width;
  const shape = regionShape(region);
  let partitionMs = 0;
  for (const { length, ...place } of chunkRanges(bytes, chunkBytes, width)) {
    const started = performance.now();
    const header: Unsealed<ShardChunk> = { v: VERSION, ...address, dtype: tensor.dtype, shape, ...place };
    const frame = encodeFrame<ShardChunk>(header, length, (target) =>
      readRegion(source, sourceShape, sourceRegion, place.offset, target),
    );
    partitionMs += performance.now() - started;
    await bus.publish(topic, frame);
  }
  return { bytes, partitionMs };
}
