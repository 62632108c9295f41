import { readFile, writeFile } from 'node:fs/promises';

/**
 * A number that grows with every start, kept in `file`. It follows the clock, but never goes back with it: small
 * devices start without a clock.
 */
export async function nextEpoch(file: string): Promise<number> {
  const stored = Number(await readFile(file, 'utf8').catch(() => '0'));
  const epoch = Math.max(Date.now(), (Number.isSafeInteger(stored) ? stored : 0) + 1);
  await writeFile(file, String(epoch)).catch(() => undefined);
  return epoch;
}
