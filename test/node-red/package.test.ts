import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { TARBALL } from './support/node-red.ts';

const home = fileURLToPath(new URL('../../node-red/', import.meta.url));
const manifest = JSON.parse(readFileSync(path.join(home, 'package.json'), 'utf8'));
const nodes = Object.keys(manifest['node-red'].nodes);
const LANGUAGES = ['en-US', 'zh-CN', 'de'];

const packed = execFileSync('tar', ['-tzf', TARBALL], { encoding: 'utf8' })
  .trim()
  .split('\n')
  .map((file) => file.replace(/^package\//, ''));
const contentOf = (file: string) =>
  execFileSync('tar', ['-xzOf', TARBALL, `package/${file}`], { encoding: 'utf8', maxBuffer: 2 ** 24 });

/** The rules of the Node-RED library's scorecard. */
describe('the scorecard', () => {
  it('has a scoped name, a licence, a description and the keyword', () => {
    expect(manifest.name).toMatch(/^@[a-z-]+\/node-red-[a-z-]+$/);
    expect(manifest.license).toBe('Apache-2.0');
    expect(manifest.description.length).toBeGreaterThan(20);
    expect(manifest.keywords).toContain('node-red');
  });

  it('says which Node-RED and which Node it wants', () => {
    expect(manifest['node-red'].version).toBe('>=4.0.0');
    const own = JSON.parse(readFileSync(path.join(home, '../package.json'), 'utf8'));
    expect(manifest.engines.node).toBe(own.engines.node);
  });

  it('has six dependencies at most, of the versions that Isobath is tested with', () => {
    const own = JSON.parse(readFileSync(path.join(home, '../package.json'), 'utf8'));
    expect(Object.keys(manifest.dependencies)).toEqual(['mqtt', 'msgpackr']);
    for (const [name, version] of Object.entries(manifest.dependencies)) {
      expect([name, version]).toEqual([name, own.dependencies[name]]);
    }
    expect(manifest.bundledDependencies ?? manifest.bundleDependencies).toBeUndefined();
    for (const script of ['preinstall', 'install', 'postinstall'])
      expect(manifest.scripts).not.toHaveProperty(script);
  });

  it('has nodes whose names are its own, each with an example', () => {
    const examples = readdirSync(path.join(home, 'examples')).map((file) =>
      readFileSync(path.join(home, 'examples', file), 'utf8'),
    );
    for (const node of nodes) {
      expect(node).toMatch(/^isobath-/);
      expect(examples.some((text) => text.includes(`"type": "${node}"`))).toBe(true);
    }
  });

  it('has a README, and help, labels and texts of every node in every language', () => {
    expect(packed).toEqual(expect.arrayContaining(['README.md', 'LICENSE']));
    for (const node of nodes) {
      expect(packed).toContain(`nodes/${node}.html`);
      for (const language of LANGUAGES) {
        expect(packed).toContain(`nodes/locales/${language}/${node}.json`);
        const help = contentOf(`nodes/locales/${language}/${node}.html`);
        expect(help).toContain(`data-help-name="${node}"`);
      }
    }
  });
});

describe('the catalogues', () => {
  const catalogue = (language: string) =>
    JSON.parse(readFileSync(path.join(home, 'locales', language, 'isobath.json'), 'utf8')) as object;

  it('have the same texts with the same places in all languages', () => {
    const [first, ...others] = LANGUAGES.map((language) => textsOf(catalogue(language)));
    for (const other of others) {
      expect([...other.keys()]).toEqual([...first!.keys()]);
      for (const [key, text] of other)
        expect([key, placesOf(text)]).toEqual([key, placesOf(first!.get(key)!)]);
    }
  });

  it('have every text that the editor and the nodes ask for', () => {
    const known = textsOf(catalogue('en-US'));
    const sources = [
      ...readdirSync(path.join(home, 'editor')).map((file) => path.join(home, 'editor', file)),
      ...readdirSync(path.join(home, 'src')).map((file) => path.join(home, 'src', file)),
    ];
    const asked = sources.flatMap((file) => [
      ...readFileSync(file, 'utf8').matchAll(/["'`\]](isobath-(?:cluster|infer|fleet|plan)\.[\w.-]+)["'`]/g),
    ]);
    expect(asked.length).toBeGreaterThan(40);
    for (const [, key] of asked.filter(([, name]) => !/\.(svg|html)$/.test(name!)))
      expect([key, known.has(key!)]).toEqual([key, true]);
  });
});

describe('the tarball', () => {
  it('is small and holds no engine', () => {
    expect(statSync(TARBALL).size).toBeLessThan(100_000);
    expect(
      packed.filter((file) =>
        /^lib\/(engine|master|agent|broker|cli|config|zoo|graph|partition|simulation)\//.test(file),
      ),
    ).toEqual([]);
    const imports = packed
      .filter((file) => /\.(c?js)$/.test(file))
      .flatMap((file) => [
        ...contentOf(file).matchAll(/(?:from|import\(|require\()\s*["']([^."'][^"']*)["']/g),
      ])
      .map(([, name]) => name!);
    expect([...new Set(imports)].sort()).toEqual(['mqtt', 'msgpackr', 'node:crypto', 'node:zlib']);
  });
});

function textsOf(node: object, prefix = ''): Map<string, string> {
  return new Map(
    Object.entries(node).flatMap(([key, value]): [string, string][] =>
      typeof value === 'string' ? [[prefix + key, value]] : [...textsOf(value as object, `${prefix}${key}.`)],
    ),
  );
}

function placesOf(text: string): string[] {
  return [...text.matchAll(/__\w+__/g)].map(([place]) => place).sort();
}
