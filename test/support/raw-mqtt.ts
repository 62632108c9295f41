import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** An MQTT client that sends exactly the bytes a test wants, and reads only when told. */
export class RawClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  #received = Buffer.alloc(0);
  #keeps = true;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      if (this.#keeps) this.#received = Buffer.concat([this.#received, chunk]);
    });
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  /** Connected and accepted. */
  static async accepted(port: number, keepalive = 60): Promise<RawClient> {
    const client = await RawClient.open(port);
    client.socket.write(connectPacket(randomUUID(), keepalive));
    await client.receive(4);
    return client;
  }

  /** From now on the test looks at `socket` by itself. */
  keepNothing(): void {
    this.#keeps = false;
  }

  /** Waits until `count` bytes are there, and takes them. */
  async receive(count: number): Promise<Buffer> {
    while (this.#received.length < count) await once(this.socket, 'data');
    const taken = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(count);
    return taken;
  }
}

export function packet(head: number, body: Buffer): Buffer {
  const length: number[] = [];
  for (let rest = body.length; ; rest = Math.floor(rest / 128)) {
    length.push((rest % 128) + (rest >= 128 ? 128 : 0));
    if (rest < 128) break;
  }
  return Buffer.concat([Buffer.of(head, ...length), body]);
}

export function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
}

export function connectPacket(clientId: string, keepalive = 60, flags = 2): Buffer {
  const variable = Buffer.concat([text('MQTT'), Buffer.of(4, flags, keepalive >> 8, keepalive & 0xff)]);
  return packet(0x10, Buffer.concat([variable, text(clientId)]));
}

export function subscribePacket(filter: string, qos = 0): Buffer {
  return packet(0x82, Buffer.concat([Buffer.of(0, 1), text(filter), Buffer.of(qos)]));
}

export function publishPacket(
  topic: string,
  payload: Buffer,
  { qos = 0, id = 1, retain = false }: { qos?: number; id?: number; retain?: boolean } = {},
): Buffer {
  const identifier = qos > 0 ? Buffer.of(id >> 8, id & 0xff) : Buffer.alloc(0);
  return packet(0x30 | (qos << 1) | Number(retain), Buffer.concat([text(topic), identifier, payload]));
}
