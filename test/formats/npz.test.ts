import { expect, it } from '@jest/globals';
import { readNpy } from '../../src/formats/npy.ts';
import { writeNpz } from '../../src/formats/npz.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { ints } from '../support/graphs.ts';

/** By the central directory, as readers of ZIP archives do it. */
function filesIn(zip: Buffer): Map<string, Uint8Array> {
  const end = zip.length - 22;
  expect(zip.readUInt32LE(end)).toBe(0x06054b50);
  const files = new Map<string, Uint8Array>();
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [size, length, local] = [
      zip.readUInt32LE(at + 24),
      zip.readUInt16LE(at + 28),
      zip.readUInt32LE(at + 42),
    ];
    const from = local + 30 + zip.readUInt16LE(local + 26);
    files.set(zip.toString('utf8', at + 46, at + 46 + length), zip.subarray(from, from + size));
    at += 46 + length;
  }
  expect(at).toBe(end);
  return files;
}

it('a .npz holds every tensor as a .npy of its name', () => {
  const tensors = new Map<string, Tensor>([
    ['boxes', Tensor.float32([1, 2, 4], [1, 2, 3, 4, 5, 6, 7, 8])],
    ['head/counts:0', ints(3, 4)],
  ]);
  const files = filesIn(Buffer.from(writeNpz(tensors)));
  expect([...files.keys()]).toEqual(['boxes.npy', 'head_counts:0.npy']);
  expect([...readNpy(files.get('boxes.npy')!).data]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(readNpy(files.get('head_counts:0.npy')!)).toMatchObject({ dtype: 'int64', shape: [2] });
});
