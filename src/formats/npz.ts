import { unzipSync, type Zippable, zipSync } from 'fflate';
import { IsobathError, reasonOf } from '../base/errors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { readNpy, writeNpy } from './npy.ts';
import { nameOf } from './source.ts';

const EXTENSION = '.npy';
/** 1 GiB, unpacked: a small archive can announce any size. */
const MAX_BYTES = 1024 ** 3;
/** The earliest date of ZIP, so that the same tensors give the same bytes. */
const DATE = new Date(1980, 0, 1);

/** Names of tensors may hold `/`, names of files in an archive may not. */
export function npzNameOf(tensor: string): string {
  return tensor.replace(/[/\\]/g, '_');
}

/**
 * NumPy's .npz: a ZIP archive, without compression, of one .npy per tensor under its name. `/` in a name becomes `_`.
 * Throws an Error past 4 GiB, where this form of ZIP ends.
 */
export function writeNpz(tensors: ReadonlyMap<string, Tensor>): Uint8Array {
  const files: Zippable = {};
  for (const [name, tensor] of tensors) files[`${npzNameOf(name)}${EXTENSION}`] = writeNpy(tensor);
  return zipSync(files, { level: 0, mtime: DATE });
}

/**
 * Reads what `numpy.savez` and `numpy.savez_compressed` write, by the names of its arrays. `file` names the archive in an
 * ISO_ERR_INPUT_UNREADABLE: when it is damaged, holds no .npy, or takes more than 1 GiB unpacked.
 */
export function readNpz(bytes: Uint8Array, file: string = nameOf(bytes)): Map<string, Tensor> {
  let unpackedBytes = 0;
  const filter = ({ name, originalSize }: { name: string; originalSize: number }) => {
    unpackedBytes += originalSize;
    if (unpackedBytes > MAX_BYTES) throw new Error(`it takes more than ${MAX_BYTES} bytes unpacked`);
    return name.endsWith(EXTENSION);
  };
  try {
    const files = Object.entries(unzipSync(bytes, { filter }));
    if (files.length === 0) throw new Error(`it holds no ${EXTENSION}`);
    return new Map(
      files.map(([name, content]) => [name.slice(0, -EXTENSION.length), readNpy(content, `${file}/${name}`)]),
    );
  } catch (error) {
    if (error instanceof IsobathError) throw error;
    throw IsobathError.of('ISO_ERR_INPUT_UNREADABLE', { file, reason: reasonOf(error) }, error);
  }
}
