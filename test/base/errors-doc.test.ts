import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { CATALOGUE } from '../../src/base/catalogue.ts';

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
const rows = [...page.matchAll(/^\| `(ISO_ERR_\w+)`\s*\| (.*?)\s*\| (.*?)\s*\|$/gm)].map(
  ([, code, message, cure]) => ({
    code,
    message,
    cure,
  }),
);

describe('docs/errors.md and the catalogue', () => {
  it('name the same codes, each once', () => {
    expect(rows.map(({ code }) => code).sort()).toEqual(Object.keys(CATALOGUE).sort());
  });

  it.each(rows)('say the same of $code', ({ code, message, cure }) => {
    expect({ message, cure }).toEqual(CATALOGUE[code as keyof typeof CATALOGUE]);
  });

  it('name only codes that the program gives', () => {
    const sources = ['src', 'node-red/src'].flatMap((folder) => {
      const root = fileURLToPath(new URL(`../../${folder}`, import.meta.url));
      return readdirSync(root, { recursive: true, encoding: 'utf8' })
        .filter((file) => /\.c?ts$/.test(file) && !file.endsWith('catalogue.ts'))
        .map((file) => readFileSync(`${root}/${file}`, 'utf8'));
    });
    const text = sources.join('\n');
    expect(Object.keys(CATALOGUE).filter((code) => !text.includes(`'${code}'`))).toEqual([]);
  });
});
