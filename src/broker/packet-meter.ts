/**
 * Reads the fixed headers of an MQTT byte stream as it passes by, and nothing else. [MQTT-2.2]
 *
 *     1 byte type and flags | 1..4 bytes remaining length, 7 bits each, high bit: more follow | the rest
 */
export class PacketMeter {
  #rest = 0;
  #length = 0;
  #lengthBytes = 0;
  #inLength = false;
  #packets = 0;

  /** Packets that have passed whole. */
  get packets(): number {
    return this.#packets;
  }

  /**
   * False as soon as a packet announces more than `maxBytes` after its fixed header (`maxFirstBytes` for the first one),
   * or its length is none.
   */
  accepts(chunk: Uint8Array, maxFirstBytes: number, maxBytes: number): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.#rest > 0) {
        const skipped = Math.min(this.#rest, chunk.length - at);
        this.#rest -= skipped;
        at += skipped;
        if (this.#rest === 0) this.#packets += 1;
      } else if (!this.#inLength) {
        this.#inLength = true;
        this.#length = 0;
        this.#lengthBytes = 0;
        at += 1;
      } else {
        const byte = chunk[at]!;
        at += 1;
        this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes;
        this.#lengthBytes += 1;
        if (
          this.#length > (this.#packets === 0 ? maxFirstBytes : maxBytes) ||
          (byte >= 0x80 && this.#lengthBytes === 4)
        )
          return false;
        if (byte < 0x80) {
          this.#inLength = false;
          this.#rest = this.#length;
          if (this.#rest === 0) this.#packets += 1;
        }
      }
    }
    return true;
  }
}
