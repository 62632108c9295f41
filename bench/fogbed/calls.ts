import type { DeviceProcess } from './device.ts';

/** Calls between this program and its helpers on the devices, over the channel that Node gives a child. */

interface Call {
  readonly id: number;
  readonly operation: string;
  readonly request: unknown;
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** In the helper: answers calls until the channel closes, and ends then. */
export function answerCalls(
  operations: Readonly<Record<string, (request: never) => Promise<unknown>>>,
): void {
  process.on('message', async ({ id, operation, request }: Call) => {
    let answer: Answer;
    try {
      answer = { id, result: await operations[operation]!(request as never) };
    } catch (error) {
      answer = { id, error: error instanceof Error ? error.message : String(error) };
    }
    process.send?.(answer);
  });
  process.on('disconnect', () => process.exit(0));
  process.on('SIGTERM', () => process.exit(0));
}

/** Here: calls a helper. */
export class Caller {
  readonly #process: DeviceProcess;
  readonly #open = new Map<number, (answer: Answer) => void>();
  #next = 0;

  constructor(helper: DeviceProcess) {
    this.#process = helper;
    helper.child.on('message', (answer) => {
      const { id } = answer as unknown as Answer;
      this.#open.get(id)?.(answer as unknown as Answer);
      this.#open.delete(id);
    });
  }

  /** Rejects with what the helper says, or when it ends. */
  async call<T>(operation: string, request: unknown = {}): Promise<T> {
    const id = this.#next++;
    const answered = new Promise<Answer>((resolve) => this.#open.set(id, resolve));
    this.#process.child.send({ id, operation, request } satisfies Call);
    const { result, error } = await Promise.race([answered, this.#process.failed]);
    if (error !== undefined) throw new Error(error);
    return result as T;
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
