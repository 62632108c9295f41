import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

type Operations = Readonly<Record<string, (request: never) => unknown>>;
interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** A process of its own, which carries out what a benchmark asks of it, one call after another. */
export class Party {
  readonly #child: ChildProcess;
  readonly #open = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
  #nextId = 0;

  /** `execArgv` are flags of Node, as --cpu-prof. */
  constructor(module: URL, execArgv: readonly string[] = []) {
    const flags = [...process.execArgv, ...execArgv];
    this.#child = fork(module, [], { serialization: 'advanced', execArgv: flags });
    this.#child.on('message', ({ id, result, error }: Answer) => {
      const call = this.#open.get(id);
      this.#open.delete(id);
      if (error === undefined) call?.resolve(result as never);
      else call?.reject(new Error(error));
    });
    this.#child.on('exit', (code) => {
      for (const { reject } of this.#open.values()) reject(new Error(`a party ended with ${code}`));
      this.#open.clear();
    });
  }

  ask<T>(operation: string, request: object = {}): Promise<T> {
    const id = this.#nextId++;
    return new Promise<T>((resolve, reject) => {
      this.#open.set(id, { resolve, reject });
      this.#child.send({ id, operation, request }, (error) => error && reject(error));
    });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }
}

/** The other end, in the party's process. It ends when the benchmark lets go of it. */
export function serve(operations: Operations): void {
  process.on(
    'message',
    async ({ id, operation, request }: { id: number; operation: string; request: never }) => {
      try {
        process.send!({ id, result: await operations[operation]!(request) });
      } catch (error) {
        process.send!({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      }
    },
  );
  process.on('disconnect', () => process.exit());
}
