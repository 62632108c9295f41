/** The longest step. A step counts for at most twice its length, however long it took. */
const STEP_MS = 250;

/**
 * Calls `act` after `ms` milliseconds in which this process ran. While the process was stopped (SIGSTOP, a laptop's lid),
 * nobody could answer it, and timers that fell due meanwhile fire before waiting data is read. Such time does not
 * count, and at the end what waits is read first. Returns a function that ends it.
 */
export function afterAwake(
  ms: number,
  act: () => void,
  now: () => number = () => performance.now(),
): () => void {
  let leftMs = ms;
  let timer: NodeJS.Timeout | undefined;
  let last: NodeJS.Immediate | undefined;
  const step = () => {
    const begun = now();
    const stepMs = Math.min(STEP_MS, leftMs);
    timer = setTimeout(() => {
      leftMs -= Math.min(now() - begun, 2 * stepMs);
      if (leftMs > 0) step();
      else last = setImmediate(act);
    }, stepMs);
  };
  step();
  return () => {
    clearTimeout(timer);
    clearImmediate(last);
  };
}
