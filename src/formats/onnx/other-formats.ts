interface Format {
  /** Where its mark stands, in bytes from the beginning. */
  readonly at: number;
  readonly mark: string;
  readonly reason: string;
}

/** What people give in the place of an ONNX file, by its first bytes. No ONNX file begins so. */
const FORMATS: readonly Format[] = [
  {
    ...{ at: 0, mark: 'version https://git-lfs' },
    reason: 'it is a pointer of Git LFS, not the file itself: fetch it with `git lfs pull`',
  },
  {
    ...{ at: 0, mark: 'PK\x03\x04' },
    reason:
      'it is a ZIP archive, as PyTorch (.pt) and Keras (.keras) write it: export the model to ONNX, or unpack it',
  },
  {
    ...{ at: 0, mark: '\x89HDF' },
    reason: 'it is an HDF5 file, as Keras writes it (.h5): export the model to ONNX or TensorFlow.js',
  },
  {
    ...{ at: 1, mark: '\0\0\0TFL3' },
    reason: 'it is a TensorFlow Lite model: export the model that it was made of to ONNX or TensorFlow.js',
  },
  {
    ...{ at: 0, mark: '\x80\x02' },
    reason: 'it is a pickle, as older versions of PyTorch write it: export the model to ONNX',
  },
  { at: 0, mark: '\x1f\x8b', reason: 'it is compressed by gzip: unpack it' },
  { at: 0, mark: '\x89PNG', reason: 'it is a picture' },
  { at: 0, mark: '\xff\xd8\xff', reason: 'it is a picture' },
];

/** What the file is, and what to do with it, where its first bytes are known not to be those of ONNX. */
export function otherFormat(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 64)).toString('latin1');
  return FORMATS.find(({ at, mark }) => head.startsWith(mark, at))?.reason;
}
