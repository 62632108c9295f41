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
  /** Told how long each slice took, in milliseconds. */
  readonly onSlice?: (ms: number) => void;
  /** Drops the rest. */
  readonly signal?: AbortSignal;
}

/** To the end, in slices between which the event loop serves others. Throws the reason of the signal. */
export async function finishedInSlices<T>(steps: Steps<T>, options: SliceOptions = {}): Promise<T> {
  const { sliceMs = 8, givesWay, onSlice, signal } = options;
  for (;;) {
    signal?.throwIfAborted();
    const started = performance.now();
    while (performance.now() < started + sliceMs) {
      const step = steps.next();
      if (step.done) return step.value;
    }
    const tookMs = performance.now() - started;
    onSlice?.(tookMs);
    if (givesWay?.()) await setTimeout(PAUSES * tookMs);
    else await setImmediate();
  }
}
