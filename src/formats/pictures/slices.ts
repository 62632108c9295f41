import { setImmediate as turn } from 'node:timers/promises';

/** Products after which the event loop has a turn: some 10 ms of JavaScript on a desktop processor. */
const SLICE = 10_000_000;

/** Runs [start, end) of all `rows` in order: as many at a time as cost SLICE products, and at least one. */
export async function inSlices(
  rows: number,
  costOfRow: number,
  run: (start: number, end: number) => void,
): Promise<void> {
  const slice = Math.max(1, Math.floor(SLICE / costOfRow));
  for (let row = 0; row < rows; row += slice) {
    if (row > 0) await turn();
    run(row, Math.min(rows, row + slice));
  }
}
