import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { STRATEGY_NAMES } from '../../src/planner/strategies.ts';
import { documentedTables } from './documented.ts';

it('docs/planning.md shows what the code computes', async () => {
  const page = readFileSync(new URL('../../docs/planning.md', import.meta.url), 'utf8');
  const flat = page.split('\n').map((line) => line.replace(/ +\|/g, ' |').replace(/\| +/g, '| '));
  const missing = (await documentedTables()).filter((line) => !flat.includes(line));
  expect(missing).toEqual([]);
  for (const name of STRATEGY_NAMES) expect(page).toContain(`| \`${name}\` `);
}, 300_000);
