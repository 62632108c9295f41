import { setImmediate, setTimeout } from 'node:timers/promises';

/** A computation that can be left and taken up again wherever it yields. */
export type Steps<T> = Generator<void, T, void>;

/** To the end, at once. */
export function finished<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

const PAUSES = 9;

export interface SliceOptions {
  /** After so long the event loop gets its turn. Default 8 ms. */
  readonly sliceMs?: number;
  /** True while others need the processor: then each slice is followed by a pause nine times as long. */
  readonly givesWay?: () => boolean;
  /** Drops the rest. */
  readonly signal?: AbortSignal;
}

/** To the end, in slices between which the event loop serves others. Throws the reason of the signal. */
export async function finishedInSlices<T>(steps: Steps<T>, options: SliceOptions = {}): Promise<T> {
  const { sliceMs = 8, givesWay, signal } = options;
  for (;;) {
    signal?.throwIfAborted();
    const started = performance.now();
    while (performance.now() < started + sliceMs) {
      const step = steps.next();
      if (step.done) return step.value;
    }
    if (givesWay?.()) await setTimeout(PAUSES * (performance.now() - started));
    else await setImmediate();
  }
}
