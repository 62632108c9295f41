import { Refusal } from './refusal.ts';

/** Where a PUBLISH that was refused is published instead, without its payload: nobody is shown what is published there. */
export const REFUSED_TOPIC = '$refused';

/** Bytes of the topic's length and of the packet identifier. */
const SHORT = 2;

/**
 * A PUBLISH whose payload is not kept. [MQTT-3.3]
 *
 *     topic length, 2 bytes | topic | packet identifier, 2 bytes, for QoS 1 and 2 | payload
 */
export class DiscardedPublish {
  /** What it announced after its fixed header. */
  readonly bytes: number;
  readonly #head: number;
  /** As much of it as the topic and the packet identifier need. */
  #start = Buffer.alloc(0);

  /** `head`: the first byte of the fixed header. */
  constructor(head: number, bytes: number) {
    this.#head = head;
    this.bytes = bytes;
  }

  get qos(): number {
    return (this.#head >> 1) & 3;
  }

  get topic(): string {
    return this.#start.toString('utf8', SHORT, SHORT + this.#topicBytes);
  }

  add(piece: Buffer): void {
    while (this.#start.length < this.#wanted && piece.length > 0) {
      const taken = piece.subarray(0, this.#wanted - this.#start.length);
      this.#start = Buffer.concat([this.#start, taken]);
      piece = piece.subarray(taken.length);
    }
  }

  /** A PUBLISH with the same QoS and packet identifier that carries nothing. Throws a Refusal where the packet is none. */
  substitute(): Buffer {
    if (this.#start.length < this.#wanted) throw new Refusal('malformed', 'a topic longer than its packet');
    const topic = Buffer.from(REFUSED_TOPIC);
    const id = this.#start.subarray(SHORT + this.#topicBytes);
    const head = Buffer.of(this.#head & ~1, SHORT + topic.length + id.length, 0, topic.length);
    return Buffer.concat([head, topic, id]);
  }

  get #topicBytes(): number {
    return this.#start.length < SHORT ? 0 : this.#start.readUInt16BE(0);
  }

  get #wanted(): number {
    if (this.#start.length < SHORT) return SHORT;
    return SHORT + this.#topicBytes + (this.qos > 0 ? SHORT : 0);
  }
}
