import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from '@jest/globals';

const beside = fileURLToPath(new URL('../../../shared/data', import.meta.url));
const folder = process.env['ISOBATH_TEST_DATA'] ?? beside;

/** A path in the folder of test data that others made; ISOBATH_TEST_DATA names another folder. */
export function dataPath(...parts: string[]): string {
  return path.join(folder, ...parts);
}

/** As `describe`, but one skipped test that says so where the data is not there. */
export function describeWithData(name: string, define: () => void): void {
  if (existsSync(folder)) describe(name, define);
  else describe(name, () => it.skip(`SKIPPED: there is no test data in ${folder}`, () => {}));
}
