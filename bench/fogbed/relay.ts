import { createServer, connect as dial, type Server, type Socket } from 'node:net';

export interface RelayOptions {
  /** Where connections are passed on to. */
  readonly host: string;
  readonly port: number;
  /** Added to each way. */
  readonly latencyMs: number;
}

/** So much may be under way on one way; then the sender waits. */
const MOST_BYTES = 64 * 2 ** 20;

/** Passes TCP connections on, later than they came, and makes trouble when asked. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #sockets = new Set<Socket>();
  readonly #pipes = new Set<Pipe>();
  #server: Server | undefined;
  #stalledUntil = 0;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /** Listens on the loopback interface; gives the port. */
  async start(port = 0): Promise<number> {
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => this.#pass(near));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    return (server.address() as { readonly port: number }).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.cut();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  }

  /** Breaks all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Nothing passes for so long; nothing is lost. */
  stall(ms: number): void {
    this.#stalledUntil = performance.now() + ms;
    for (const pipe of this.#pipes) pipe.pump();
  }

  #pass(near: Socket): void {
    const { host, port, latencyMs } = this.#options;
    const far = dial({ host, port, noDelay: true, allowHalfOpen: true });
    const earliest = () => this.#stalledUntil;
    const pipes = [
      new Pipe({ from: near, to: far, latencyMs, earliest }),
      new Pipe({ from: far, to: near, latencyMs, earliest }),
    ];
    for (const pipe of pipes) this.#pipes.add(pipe);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        if (!this.#sockets.has(other)) for (const pipe of pipes) this.#pipes.delete(pipe);
      });
    }
  }
}

interface PipeOptions {
  readonly from: Socket;
  readonly to: Socket;
  readonly latencyMs: number;
  /** On the clock of `performance.now`: nothing passes before. */
  readonly earliest: () => number;
}

/** One way of a connection: what comes waits in a line until it is due. */
class Pipe {
  readonly #options: PipeOptions;
  readonly #line: { readonly dueMs: number; readonly chunk: Buffer | undefined }[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #blocked = false;

  constructor(options: PipeOptions) {
    this.#options = options;
    const { from, to } = options;
    from.on('data', (chunk) => this.#take(chunk));
    from.on('end', () => this.#take(undefined));
    to.on('close', () => clearTimeout(this.#timer));
    to.on('drain', () => {
      this.#blocked = false;
      this.pump();
    });
  }

  /** Passes on what is due. */
  pump(): void {
    clearTimeout(this.#timer);
    const { from, to, earliest } = this.#options;
    while (!this.#blocked && this.#line.length > 0) {
      const { dueMs, chunk } = this.#line[0]!;
      const waitMs = Math.max(dueMs, earliest()) - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.pump(), waitMs);
        return;
      }
      this.#line.shift();
      if (chunk === undefined) {
        to.end();
        return;
      }
      this.#bytes -= chunk.length;
      this.#blocked = !to.write(chunk);
    }
    if (this.#bytes < MOST_BYTES) from.resume();
  }

  /** Undefined: there is no more. */
  #take(chunk: Buffer | undefined): void {
    this.#line.push({ dueMs: performance.now() + this.#options.latencyMs, chunk });
    this.#bytes += chunk?.length ?? 0;
    if (this.#bytes >= MOST_BYTES) this.#options.from.pause();
    this.pump();
  }
}
