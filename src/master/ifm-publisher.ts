import { elementBytes } from '../tensor/dtype.ts';
import type { Precision } from '../tensor/precision.ts';
import { type Region, sizeOf } from '../tensor/region.ts';
import { bytesOf, type Tensor } from '../tensor/tensor.ts';
import { wireRegion } from '../tensor/wire-region.ts';
import type { Bus } from '../transport/bus.ts';
import { chunkRanges } from '../wire/chunks.ts';
import { encodeFrame, type Unsealed } from '../wire/codec.ts';
import { VERSION } from '../wire/messages/common.ts';
import type { ShardChunk } from '../wire/messages/shard-chunk.ts';

/** Who a region is for. */
export type RegionAddress = Pick<ShardChunk, 'request' | 'stage' | 'shard' | 'attempt' | 'tensor'>;

/** How regions leave. */
export interface Outlet {
  readonly bus: Bus;
  readonly wire: Precision;
  readonly chunkBytes?: number;
}

export interface Published {
  readonly bytes: number;
  /** Slicing and encoding, without waiting for the network. */
  readonly partitionMs: number;
}

/**
 * Publishes `region` of the tensor in chunks; each byte is copied once, from the tensor into its frame, and made narrower
 * on the way where the wire is.
 */
export async function publishRegion(
  { bus, chunkBytes, wire }: Outlet,
  topic: string,
  address: RegionAddress,
  tensor: Tensor,
  region: Region,
): Promise<Published> {
  const begun = performance.now();
  const { type, scales, fill } = wireRegion(tensor, region, wire);
  const { dtype, shape } = type;
  const width = elementBytes(dtype);
  const factors = scales ? { scales: bytesOf(scales) } : {};
  let bytes = 0;
  let partitionMs = performance.now() - begun;
  for (const { length, ...place } of chunkRanges(sizeOf(shape) * width, chunkBytes, width)) {
    const started = performance.now();
    const header: Unsealed<ShardChunk> = { v: VERSION, ...address, dtype, shape, ...place, ...factors };
    const frame = encodeFrame<ShardChunk>(header, length, (target) => fill(place.offset, target));
    partitionMs += performance.now() - started;
    bytes += length + (scales?.byteLength ?? 0);
    await bus.publish(topic, frame);
  }
  return { bytes, partitionMs };
}
