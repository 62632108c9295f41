import { crc32 } from 'node:zlib';
import type { Tensor } from '../tensor/tensor.ts';
import { writeNpy } from './npy.ts';

/** Signatures and sizes of PKWARE's APPNOTE, sections 4.3.7, 4.3.12 and 4.3.16. */
const LOCAL = { signature: 0x04034b50, bytes: 30 } as const;
const CENTRAL = { signature: 0x02014b50, bytes: 46 } as const;
const END = { signature: 0x06054b50, bytes: 22 } as const;
/** Version 2.0, names in UTF-8, and 1980-01-01: the same tensors give the same bytes. */
const [VERSION, UTF8, DATE] = [20, 0x0800, 0x0021];

/**
 * NumPy's .npz: a ZIP archive, without compression, of one .npy per tensor under its name. `/` in a name becomes `_`.
 * Throws RangeError past 4 GiB, where this form of ZIP ends.
 */
export function writeNpz(tensors: ReadonlyMap<string, Tensor>): Uint8Array {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [tensor, value] of tensors) {
    const name = Buffer.from(`${tensor.replace(/[/\\]/g, '_')}.npy`);
    const content = writeNpy(value);
    // version, flags, no compression, time, date, CRC, both sizes, length of the name, of extra fields
    const facts = Buffer.alloc(26);
    facts.writeUInt16LE(VERSION, 0);
    facts.writeUInt16LE(UTF8, 2);
    facts.writeUInt16LE(DATE, 8);
    facts.writeUInt32LE(crc32(content), 10);
    facts.writeUInt32LE(content.length, 14);
    facts.writeUInt32LE(content.length, 18);
    facts.writeUInt16LE(name.length, 22);
    const local = Buffer.alloc(LOCAL.bytes);
    local.writeUInt32LE(LOCAL.signature, 0);
    facts.copy(local, 4);
    files.push(local, name, Buffer.from(content.buffer, content.byteOffset, content.length));
    const central = Buffer.alloc(CENTRAL.bytes);
    central.writeUInt32LE(CENTRAL.signature, 0);
    central.writeUInt16LE(VERSION, 4);
    facts.copy(central, 6);
    central.writeUInt32LE(offset, 42);
    directory.push(central, name);
    offset += LOCAL.bytes + name.length + content.length;
  }
  const end = Buffer.alloc(END.bytes);
  end.writeUInt32LE(END.signature, 0);
  end.writeUInt16LE(tensors.size, 8);
  end.writeUInt16LE(tensors.size, 10);
  end.writeUInt32LE(
    directory.reduce((sum, { length }) => sum + length, 0),
    12,
  );
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...files, ...directory, end]);
}
