import { crc32 } from 'node:zlib';
import { Packr } from 'msgpackr';
import { IsobathError, reasonOf } from '../base/errors.ts';
import { Refusal } from './check.ts';
import { type MessageKind, VERSION } from './messages/common.ts';
import { ScanError, scan } from './scan.ts';

const KIB = 1024;
const HEADER_LIMITS = { maxDepth: 8, maxElements: 16_384 };
const MESSAGE_LIMITS = { maxDepth: 8, maxElements: 262_144 };
/** Header of a frame, and a JSON message. */
export const MAX_HEADER_BYTES = 64 * KIB;
/** A control message names every shard, input and filter of a deployment. */
export const MAX_MESSAGE_BYTES = 4 * KIB * KIB;

// Plain msgpack that any implementation reads: no records, no extension types, the shortest form of each value.
const packr = new Packr({
  useRecords: false,
  moreTypes: false,
  variableMapSize: true,
  int64AsType: 'number',
  mapsAsObjects: true,
});

const ARRAY_OF_TWO = 0x92;
const BIN32 = 0xc6;
const BIN32_HEAD = 5;

/** A header as the sender writes it: the codec computes the checksum of the bytes. */
export type Unsealed<H> = H extends { readonly crc32: number } ? Omit<H, 'crc32'> : never;

export interface Frame<H> {
  readonly header: H;
  /** A view on the payload, not a copy. */
  readonly bytes: Uint8Array;
}

/**
 * `[header, bytes]` in one allocation. `fill` writes all `byteLength` bytes of `target` in place, so a tensor's data is
 * copied once; what it leaves out is undefined. `target` is aligned for elements of any type. `crc32` is the last field of the header and always five bytes wide, so
 * that it can be written after the data.
 */
export function encodeFrame<H extends { readonly crc32: number }>(
  header: Unsealed<H>,
  byteLength: number,
  fill: (target: Uint8Array) => void,
): Buffer {
  const packed = packr.pack({ ...header, crc32: 0xffff_ffff });
  const start = 1 + packed.length + BIN32_HEAD;
  const pad = -start & 7;
  const frame = Buffer.allocUnsafeSlow(pad + start + byteLength).subarray(pad);
  frame[0] = ARRAY_OF_TWO;
  frame.set(packed, 1);
  frame[start - BIN32_HEAD] = BIN32;
  frame.writeUInt32BE(byteLength, start - 4);
  const bytes = frame.subarray(start);
  fill(bytes);
  frame.writeUInt32BE(crc32(bytes), packed.length - 3);
  return frame;
}

/** Throws ISO_ERR_WIRE_MALFORMED or ISO_ERR_WIRE_VERSION. The checksum has been compared. */
export function decodeFrame<H extends { readonly crc32: number }>(
  kind: MessageKind<H>,
  topic: string,
  payload: Uint8Array,
): Frame<H> {
  return guarded(kind, topic, () => {
    if (payload[0] !== ARRAY_OF_TWO) throw new Refusal('it is not an array of a header and bytes');
    const head = payload.subarray(0, 1 + MAX_HEADER_BYTES);
    const end = scan(head, 1, HEADER_LIMITS);
    const bytes = trailingBytes(payload, end);
    const header = checked(kind, topic, packr.unpack(payload.subarray(1, end)));
    const sum = crc32(bytes);
    if (sum !== header.crc32) throw new Refusal(`the bytes have the CRC-32 ${sum}, not ${header.crc32}`);
    return { header, bytes };
  });
}

/** A message without raw bytes: one msgpack map. */
export function encodeMessage(message: object): Buffer {
  return Buffer.from(packr.pack(message));
}

/** Throws ISO_ERR_WIRE_MALFORMED or ISO_ERR_WIRE_VERSION. */
export function decodeMessage<M>(
  kind: MessageKind<M>,
  topic: string,
  payload: Uint8Array,
  maxBytes = MAX_MESSAGE_BYTES,
): M {
  return guarded(kind, topic, () => {
    atMost(payload, maxBytes);
    const end = scan(payload, 0, MESSAGE_LIMITS);
    if (end !== payload.length) throw new Refusal(`it has ${payload.length - end} bytes too many`);
    return checked(kind, topic, packr.unpack(payload));
  });
}

/** Retained messages that people and Node-RED read. */
export function encodeJson(message: object): string {
  return JSON.stringify(message);
}

/** Throws ISO_ERR_WIRE_MALFORMED or ISO_ERR_WIRE_VERSION. */
export function decodeJson<M>(
  kind: MessageKind<M>,
  topic: string,
  payload: Uint8Array,
  maxBytes = MAX_HEADER_BYTES,
): M {
  return guarded(kind, topic, () => {
    atMost(payload, maxBytes);
    return checked(kind, topic, JSON.parse(utf8.decode(payload)));
  });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The second element, which must be the last: bin8, bin16 or bin32, up to the end of the payload. */
function trailingBytes(payload: Uint8Array, at: number): Uint8Array {
  const width = { 196: 1, 197: 2, 198: 4 }[payload[at] ?? 0];
  if (width === undefined) throw new Refusal('it does not end with raw bytes');
  let length = 0;
  for (let i = 1; i <= width; i += 1) length = length * 256 + (payload[at + i] ?? 0);
  const bytes = payload.subarray(at + 1 + width);
  if (bytes.length !== length) throw new Refusal(`it has ${bytes.length} raw bytes, but announces ${length}`);
  return bytes;
}

/** Another version may have other fields, so the version is compared before them. */
function checked<M>(kind: MessageKind<M>, topic: string, value: unknown): M {
  const v = (value as { v?: unknown } | null)?.v;
  if (Number.isInteger(v) && v !== VERSION) {
    throw IsobathError.of('ISO_ERR_WIRE_VERSION', { topic, got: String(v), want: VERSION });
  }
  return kind.check(value, '');
}

function atMost(payload: Uint8Array, maxBytes: number): void {
  if (payload.length > maxBytes) throw new Refusal(`it has ${payload.length} bytes, more than ${maxBytes}`);
}

function guarded<T>(kind: MessageKind<unknown>, topic: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof IsobathError) throw error;
    const prefix = error instanceof ScanError ? 'it has ' : '';
    const reason = `as ${kind.name}, ${prefix}${reasonOf(error)}`;
    throw IsobathError.of('ISO_ERR_WIRE_MALFORMED', { topic, reason }, error);
  }
}
