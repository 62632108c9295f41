import { Worker } from 'node:worker_threads';

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Calls into an engine's worker. All calls still open are rejected when the thread ends, for whatever cause. */
export class EngineThread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #nextId = 0;
  #ended: Error | undefined;

  constructor(worker: URL) {
    // what a library prints on standard output would lie between the lines of a JSON document
    this.#worker = new Worker(worker, { stdout: true });
    this.#worker.on('message', ({ id, result, error }: { id: number; result?: unknown; error?: string }) => {
      const pending = this.#settle(id);
      if (error === undefined) pending?.resolve(result);
      else pending?.reject(new Error(error));
    });
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', (code) => this.#end(new Error(`the engine's thread ended with code ${code}`)));
    this.#worker.unref();
  }

  /** The thread keeps the process alive only while a call is open. */
  call<T>(operation: string, request: object, transfer: readonly ArrayBuffer[] = []): Promise<T> {
    if (this.#ended) return Promise.reject(this.#ended);
    const id = this.#nextId++;
    return new Promise<T>((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#worker.ref();
      try {
        this.#worker.postMessage({ id, operation, request }, transfer as ArrayBuffer[]);
      } catch (error) {
        this.#settle(id)?.reject(error as Error);
      }
    });
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#worker.unref();
    return pending;
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const pending of this.#pending.values()) pending.reject(this.#ended);
    this.#pending.clear();
  }
}
