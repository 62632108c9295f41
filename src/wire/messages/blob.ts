import { integer, object } from '../check.ts';
import { crc32, type MessageKind, type Version, version } from './common.ts';

/** An agent asks for a part of a blob, on `blobs/<sha256>/get/<agent>`. */
export interface BlobGet {
  readonly v: Version;
  /** Bytes from the start of the blob. */
  readonly offset: number;
  /** Bytes wanted. The master may send fewer, never more; the agent asks on. */
  readonly length: number;
}

/** Header of the answer on `blobs/<sha256>/part/<agent>`; the raw bytes follow it. */
export interface BlobPart {
  readonly v: Version;
  readonly offset: number;
  /** Size of the whole blob in bytes; 0 with no bytes when the master does not have it. */
  readonly total: number;
  /** Of the raw bytes of this part; the encoder sets it. */
  readonly crc32: number;
}

export const BLOB_GET: MessageKind<BlobGet> = {
  name: 'blob request',
  check: object<BlobGet>({ v: version, offset: integer(), length: integer(1, 16 * 2 ** 20) }),
};

export const BLOB_PART: MessageKind<BlobPart> = {
  name: 'blob part',
  check: object<BlobPart>({ v: version, offset: integer(), total: integer(), crc32 }),
};
