import { DiscardedPublish } from './discarded-publish.ts';
import { Refusal } from './refusal.ts';

export interface MeterLimits {
  /** Most bytes after the fixed header of the first packet. */
  readonly maxFirstBytes: number;
  /** Most bytes after the fixed header of each further packet. */
  readonly maxBytes: number;
  /** A PUBLISH of more than `maxBytes`, but not of more than this, is read to its end and discarded. Default: none is. */
  readonly maxDiscardBytes?: number;
}

/** Fixed header of an MQTT packet: at most one byte of type and flags and four of length. */
const MAX_HEADER = 5;
const PUBLISH = 3;

/**
 * Reads the fixed headers of an MQTT byte stream as it passes by, and nothing else. [MQTT-2.2]
 *
 *     1 byte type and flags | 1..4 bytes remaining length, 7 bits each, high bit: more follow | the rest
 *
 * A PUBLISH that is too large leaves the stream; a small one takes its place, so that it is acknowledged in its turn.
 */
export class PacketMeter {
  readonly #limits: MeterLimits;
  readonly #onDiscarded: (packet: DiscardedPublish) => void;
  #rest = 0;
  #packets = 0;
  #discarded: DiscardedPublish | undefined;
  /** Of the fixed header that is being read. */
  #header: number[] = [];
  /** How many of them came with an earlier chunk and have not been passed on. */
  #held = 0;

  constructor(limits: MeterLimits, onDiscarded: (packet: DiscardedPublish) => void = () => undefined) {
    this.#limits = limits;
    this.#onDiscarded = onDiscarded;
  }

  /** Packets that have passed whole or were discarded. */
  get packets(): number {
    return this.#packets;
  }

  /** What of the chunk is to be passed on. Throws a Refusal as soon as a packet announces too many bytes, or a length that is none. */
  take(chunk: Buffer): Buffer[] {
    const passed: Buffer[] = [];
    let from = 0;
    let at = 0;
    while (at < chunk.length) {
      if (this.#rest === 0) {
        this.#header.push(chunk[at]!);
        at += 1;
        if (!this.#headerIsWhole()) continue;
        const begin = Math.max(from, at - this.#header.length);
        if (this.#begin() === 'discard') passed.push(chunk.subarray(from, begin));
        else if (this.#held > 0) passed.push(Buffer.from(this.#header.slice(0, this.#held)));
        this.#header = [];
        this.#held = 0;
      } else {
        const end = Math.min(chunk.length, at + this.#rest);
        this.#discarded?.add(chunk.subarray(at, end));
        this.#rest -= end - at;
        at = end;
      }
      if (this.#rest > 0) continue;
      this.#packets += 1;
      if (!this.#discarded) continue;
      passed.push(this.#ended(this.#discarded));
      from = at;
    }
    if (!this.#discarded) {
      passed.push(chunk.subarray(from, chunk.length - (this.#header.length - this.#held)));
      this.#held = this.#header.length;
    }
    return passed.filter(({ length }) => length > 0);
  }

  #headerIsWhole(): boolean {
    const { length } = this.#header;
    if (length < 2) return false;
    const isLast = this.#header[length - 1]! < 0x80;
    if (!isLast && length === MAX_HEADER) throw new Refusal('malformed', 'a length of more than four bytes');
    return isLast;
  }

  #begin(): 'pass' | 'discard' {
    const [head = 0, ...digits] = this.#header;
    this.#rest = digits.reduce((sum, byte, place) => sum + (byte & 0x7f) * 128 ** place, 0);
    const { maxFirstBytes, maxBytes, maxDiscardBytes = 0 } = this.#limits;
    const limit = this.#packets === 0 ? maxFirstBytes : maxBytes;
    if (this.#rest <= limit) return 'pass';
    if (this.#packets === 0 || head >> 4 !== PUBLISH || this.#rest > maxDiscardBytes) {
      throw new Refusal('large', `a packet of ${this.#rest} bytes; the limit is ${limit}`);
    }
    this.#discarded = new DiscardedPublish(head, this.#rest);
    return 'discard';
  }

  #ended(packet: DiscardedPublish): Buffer {
    this.#discarded = undefined;
    const substitute = packet.substitute();
    this.#onDiscarded(packet);
    return substitute;
  }
}
