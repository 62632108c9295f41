import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { zooEntries } from '../../src/zoo/zoo.ts';

it('docs/models.md lists the zoo as it is', () => {
  const page = readFileSync(new URL('../../docs/models.md', import.meta.url), 'utf8');
  const rows = page
    .split('\n')
    .map((line) => line.replace(/ +/g, ' '))
    .filter((line) => /^\| `[^`]+` \|.*\| \[1, 3, /.test(line));
  const grouped = (count: number) => count.toLocaleString('en');
  expect(rows).toEqual(
    zooEntries().map(
      ({ name, title, input, parameters, macs }) =>
        `| \`${name}\` | ${title} | [${input.join(', ')}] | ${grouped(parameters)} | ${grouped(macs)} |`,
    ),
  );
  const prose = page.replace(/\s+/g, ' ');
  for (const { publication } of zooEntries()) expect(prose).toContain(publication);
});
