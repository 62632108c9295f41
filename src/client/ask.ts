import { IsobathError } from '../base/errors.ts';
import type { Bus } from '../transport/bus.ts';
import type { Topics } from '../wire/topics.ts';
import type { MasterWatch } from './master-watch.ts';

export interface Connection {
  readonly bus: Bus;
  readonly topics: Topics;
  readonly watch: MasterWatch;
}

export interface Question<T> {
  /** Its name, for errors. */
  readonly request: string;
  readonly timeoutMs: number;
  /** The topic that the answer comes on. */
  readonly answers: string;
  readonly question: { readonly topic: string; readonly payload: string | Uint8Array };
  /** The answer, or throws what it says. */
  readonly read: (topic: string, payload: Uint8Array) => T;
}

/** One message to the master and one back. Throws ISO_ERR_REQUEST_TIMEOUT, ISO_ERR_MASTER_STOPPED, and what `read` throws. */
export async function untilAnswered<T>(
  { bus, watch }: Connection,
  { request, timeoutMs, answers, question, read }: Question<T>,
): Promise<T> {
  const undo: (() => unknown)[] = [];
  let ended = false;
  try {
    return await new Promise<T>((resolve, reject) => {
      const seconds = timeoutMs / 1000;
      const late = () => reject(IsobathError.of('ISO_ERR_REQUEST_TIMEOUT', { request, seconds }));
      const timer = setTimeout(late, timeoutMs);
      undo.push(() => clearTimeout(timer));
      undo.push(watch.onOffline(() => reject(IsobathError.of('ISO_ERR_MASTER_STOPPED', { request }))));
      const onAnswer = (topic: string, payload: Uint8Array) => {
        try {
          resolve(read(topic, payload));
        } catch (error) {
          reject(error);
        }
      };
      const ask = async () => {
        const unsubscribe = await bus.subscribe(answers, onAnswer, { qos: 1 });
        if (ended) return unsubscribe();
        undo.push(unsubscribe);
        await bus.publish(question.topic, question.payload, { qos: 1 });
      };
      ask().catch(reject);
    });
  } finally {
    ended = true;
    for (const step of undo.reverse()) void step();
  }
}
