import { readRegion } from '../tensor/copy.ts';
import { elementBytes } from '../tensor/dtype.ts';
import { type Region, regionShape, regionSize } from '../tensor/region.ts';
import { bytesOf, type Tensor } from '../tensor/tensor.ts';
import type { Bus } from '../transport/bus.ts';
import { chunkRanges } from '../wire/chunks.ts';
import { encodeFrame, type Unsealed } from '../wire/codec.ts';
import { VERSION } from '../wire/messages/common.ts';
import type { HaloPieceChunk } from '../wire/messages/halo.ts';

/** Whom a piece is for. */
export type PieceAddress = Pick<HaloPieceChunk, 'request' | 'stage' | 'shard' | 'attempt' | 'from' | 'leg'>;

/** Publishes `region` of the tensor as a halo piece; each byte is copied once, into its frame. Gives its bytes. */
export async function sendPiece(
  bus: Bus,
  topic: string,
  address: PieceAddress,
  tensor: Tensor,
  region: Region,
  chunkBytes?: number,
): Promise<number> {
  let bytes = 0;
  for (const { frame, length } of framesOf(address, tensor, region, chunkBytes)) {
    bytes += length;
    await bus.publish(topic, frame);
  }
  return bytes;
}

/** The one place where a piece takes its form on the wire. */
function* framesOf(address: PieceAddress, tensor: Tensor, region: Region, chunkBytes: number | undefined) {
  const { dtype, data } = tensor;
  const width = elementBytes(dtype);
  const source = bytesOf(data);
  const sourceShape = [...tensor.shape, width];
  const sourceRegion: Region = [...region, [0, width]];
  const shape = regionShape(region);
  for (const { length, ...place } of chunkRanges(regionSize(region) * width, chunkBytes, width)) {
    const header: Unsealed<HaloPieceChunk> = {
      v: VERSION,
      kind: 'piece',
      ...address,
      dtype,
      shape,
      ...place,
    };
    const frame = encodeFrame<HaloPieceChunk>(header, length, (target) =>
      readRegion(source, sourceShape, sourceRegion, place.offset, target),
    );
    yield { frame, length };
  }
}
