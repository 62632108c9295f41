import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { workedTables } from './worked.ts';

it('docs/estimator.md shows what the code computes', async () => {
  const page = readFileSync(new URL('../../docs/estimator.md', import.meta.url), 'utf8');
  const flat = page.split('\n').map((line) => line.replace(/ +\|/g, ' |').replace(/\| +/g, '| '));
  for (const line of await workedTables()) expect(flat).toContain(line);
});
