import { crc32 } from 'node:zlib';
import { place, readRegion } from '../tensor/copy.ts';
import { axisRegion, type Region, regionSize, type Shape } from '../tensor/region.ts';
import { bytesOf } from '../tensor/tensor.ts';

const SHAPE: Shape = [1, 64, 56, 56];
/** Half the channels: 392 KiB, most of a chunk. */
const REGION: Region = axisRegion(SHAPE, 1, [16, 48]);

/** What master and agents do with the bytes of a region outside the engine, without the sending. */
export class CopyProbe {
  readonly #source = new Float32Array(64 * 56 * 56).fill(0.5);
  readonly #target = new Float32Array(64 * 56 * 56);
  #sum = 0;

  /** Slices a region into a frame, checks it as its receiver does, and places it. Gives the bytes handled: two sides. */
  run(): number {
    const elements = regionSize(REGION);
    const frame = Buffer.allocUnsafeSlow(elements * Float32Array.BYTES_PER_ELEMENT);
    const values = new Float32Array(frame.buffer, 0, elements);
    readRegion(this.#source, SHAPE, REGION, 0, values);
    this.#sum = crc32(frame, this.#sum);
    this.#sum = crc32(frame, this.#sum);
    place(this.#target, SHAPE, REGION, values);
    return 2 * bytesOf(values).length;
  }
}
