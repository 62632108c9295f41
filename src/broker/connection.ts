import { Duplex } from 'node:stream';
import type { DiscardedPublish } from './discarded-publish.ts';
import type { BrokerLimits } from './limits.ts';
import { PacketMeter } from './packet-meter.ts';
import { Refusal } from './refusal.ts';

/** Written to the socket at a time, so that even a slow link shows that it moves. */
const PIECE_BYTES = 128 * 1024;

type Done = (error?: Error | null) => void;
interface Chunk {
  readonly chunk: Buffer;
}

export interface ConnectionOptions {
  readonly limits: BrokerLimits;
  /** Joins small writes, for a socket that frames each one (WebSocket). Default: no. */
  readonly coalesce?: boolean;
  /** Told of each PUBLISH that was too large. */
  readonly onDiscarded?: (packet: DiscardedPublish, connection: Connection) => void;
}

/**
 * What Aedes is given in place of a socket. Aedes alone waits for the slowest receiver of every message and reads packets
 * of any size; this stands between:
 *
 *     socket --> meter: limits --> Aedes --> backlog --> pieces of 128 KiB --> socket
 *
 * The write side takes everything, so Aedes never waits for a drain; `Forwarding` looks at `backlog` instead. A client
 * whose backlog does not shrink is *stalled*: it is not read from either, since answers to what it sends would pile up.
 */
export class Connection extends Duplex {
  readonly #socket: Duplex;
  readonly #limits: BrokerLimits;
  readonly #coalesce: boolean;
  readonly #meter: PacketMeter;
  readonly #waiting = new Set<() => void>();
  #receivedBytes = 0;
  #clientId: string | undefined;
  /** Bytes of the batch under way that the socket has taken. */
  #flushed = 0;
  #movedAt = performance.now();
  #stalled = false;
  #holds = 0;

  constructor(socket: Duplex, { limits, coalesce = false, onDiscarded }: ConnectionOptions) {
    super({ writableHighWaterMark: Number.MAX_SAFE_INTEGER, readableHighWaterMark: 2 * PIECE_BYTES });
    this.#socket = socket;
    this.#limits = limits;
    this.#coalesce = coalesce;
    const { maxBytesBeforeConnect: maxFirstBytes, maxPacketBytes: maxBytes, maxDiscardBytes } = limits;
    this.#meter = new PacketMeter({ maxFirstBytes, maxBytes, maxDiscardBytes }, (packet) =>
      onDiscarded?.(packet, this),
    );
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  /** Bytes that wait for the client to take them; what the kernel has buffered is not among them. */
  get backlog(): number {
    return this.writableLength - this.#flushed;
  }

  get authenticated(): boolean {
    return this.#clientId !== undefined;
  }

  /** Known once the client is authenticated. */
  get clientId(): string | undefined {
    return this.#clientId;
  }

  /** Worth waiting for: behind, but moving. */
  get busy(): boolean {
    return this.backlog > this.#limits.lowWaterBytes && !this.#stalled && !this.destroyed;
  }

  /** Calls back once when it is not `busy` any more. Returns a function that takes it back. */
  onceReady(release: () => void): () => void {
    this.#waiting.add(release);
    return () => this.#waiting.delete(release);
  }

  /** The CONNECT packet was accepted: from now on the limits of a known client hold. */
  authenticate(clientId: string): void {
    this.#clientId = clientId;
    this.#readOn();
  }

  /**
   * Reads no more from the client until `letGo` was called as often. Aedes does not do it: each `readable` event makes it
   * read on, whether or not the packets before have been dealt with.
   */
  hold(): void {
    this.#holds += 1;
    this.#socket.pause();
  }

  letGo(): void {
    this.#holds -= 1;
    this.#readOn();
  }

  /** Finds out whether the client has stopped reading. Called a few times a second. */
  tick(now: number): void {
    const idleMs = this.backlog > 0 ? now - this.#movedAt : 0;
    if (idleMs > this.#limits.stallTimeoutMs) {
      this.destroy(new Refusal('behind', `it has read nothing for ${Math.round(idleMs)} ms`));
    } else if (idleMs > this.#limits.stallGraceMs && !this.#stalled) {
      this.#stalled = true;
      this.#release();
    }
  }

  override _read(): void {
    this.#readOn();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this._writev([{ chunk }], done);
  }

  override _writev(chunks: readonly Chunk[], done: Done): void {
    let at = 0;
    let offset = 0;
    let sent = 0;
    this.#movedAt = performance.now();
    const next: Done = (error) => {
      if (error) return done(error);
      this.#flushed += sent;
      this.#moved();
      if (at === chunks.length) {
        this.#flushed = 0;
        return done();
      }
      const pieces: Buffer[] = [];
      for (sent = 0; sent < PIECE_BYTES && at < chunks.length; ) {
        const { chunk } = chunks[at]!;
        const piece = chunk.subarray(offset, offset + PIECE_BYTES - sent);
        pieces.push(piece);
        sent += piece.length;
        offset += piece.length;
        if (offset === chunk.length) {
          at += 1;
          offset = 0;
        }
      }
      this.#sendPieces(pieces, next);
    };
    next();
  }

  override _final(done: Done): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#socket.destroy();
    this.#release();
    done(error);
  }

  get #mayRead(): boolean {
    return !this.#stalled && this.#holds === 0 && (this.authenticated || this.#meter.packets === 0);
  }

  #readOn(): void {
    if (this.#mayRead) this.#socket.resume();
  }

  #receive(chunk: Buffer): void {
    const { maxBytesBeforeConnect } = this.#limits;
    this.#receivedBytes += chunk.length;
    let passed: Buffer[];
    try {
      passed = this.#meter.take(chunk);
      if (this.#meter.packets === 0 && this.#receivedBytes > maxBytesBeforeConnect)
        throw new Refusal('large', `more than ${maxBytesBeforeConnect} bytes before CONNECT`);
    } catch (error) {
      this.destroy(error as Error);
      return;
    }
    let wantsMore = true;
    for (const piece of passed) wantsMore = this.push(piece);
    // A client may send on before it is accepted [MQTT-3.1.4-5]; it is read on when it was.
    if (!wantsMore || !this.#mayRead) this.#socket.pause();
  }

  #sendPieces(pieces: readonly Buffer[], done: Done): void {
    const { length } = pieces;
    if (this.#coalesce && length > 1) {
      this.#socket.write(Buffer.concat(pieces), done);
      return;
    }
    this.#socket.cork();
    for (const piece of pieces.slice(0, -1)) this.#socket.write(piece);
    this.#socket.write(pieces[length - 1]!, done);
    this.#socket.uncork();
  }

  #moved(): void {
    this.#movedAt = performance.now();
    if (this.#stalled) {
      this.#stalled = false;
      this.#readOn();
    }
    if (!this.busy) this.#release();
  }

  #release(): void {
    for (const release of this.#waiting) release();
    this.#waiting.clear();
  }
}
