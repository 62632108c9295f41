import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { forbiddenImports, importCycles, readImports } from './imports.ts';

const root = fileURLToPath(new URL('../../src', import.meta.url));

const imports = readImports(root);

describe('the house', () => {
  it('was read', () => {
    expect(imports.size).toBeGreaterThan(100);
    expect(imports.get(path.join('master', 'master.ts'))).toContain(path.join('wire', 'topics.ts'));
  });

  it('has no import that goes up, and none between broker, agent, master and client', () => {
    expect(forbiddenImports(imports)).toEqual([]);
  });

  it('has no circle of imports', () => {
    expect(importCycles(imports)).toEqual([]);
  });

  it('has small files: a median under 150 lines, none over 320', () => {
    const lines = [...imports.keys()]
      .filter((file) => !file.endsWith('_pb.ts'))
      .map((file) => readFileSync(path.join(root, file), 'utf8').split('\n').length)
      .sort((a, b) => a - b);
    expect(lines[Math.floor(lines.length / 2)]).toBeLessThan(150);
    expect(lines.at(-1)).toBeLessThanOrEqual(320);
  });
});

describe('types of tensors', () => {
  it('are asked for, never taken for there: an output may have another shape in every run', () => {
    const taken = [...imports.keys()].flatMap((file) =>
      readFileSync(path.join(root, file), 'utf8')
        .split('\n')
        .flatMap((line, at) => (takesType(line) ? [`${file}:${at + 1}`] : [])),
    );
    expect(taken).toEqual([]);
    expect(takesType('const { shape } = graph.types.get(outputs[0]!)!;')).toBe(true);
    expect(takesType('const shape = graph.types.get(name)?.shape;')).toBe(false);
  });
});

/** True where a line calls `get` of a map of types and asserts that something is there. */
function takesType(line: string): boolean {
  return /[tT]ypes\.get\((?:[^()]|\([^()]*\))*\)!/.test(line);
}

describe('the check itself', () => {
  it('finds an import that goes up', () => {
    const imports = new Map([
      ['tensor/a.ts', ['master/b.ts']],
      ['master/b.ts', []],
    ]);
    expect(forbiddenImports(imports)).toEqual(['tensor/a.ts -> master/b.ts']);
  });

  it('finds an import between parties, though it goes down', () => {
    expect(forbiddenImports(new Map([['master/a.ts', ['agent/b.ts']]]))).toEqual([
      'master/a.ts -> agent/b.ts',
    ]);
  });

  it('finds a room that no floor is known for', () => {
    expect(forbiddenImports(new Map([['attic/a.ts', ['base/b.ts']]]))).toEqual(['attic/a.ts -> base/b.ts']);
  });

  it('finds a circle, also behind a file that was seen before', () => {
    const imports = new Map([
      ['base/a.ts', ['base/b.ts', 'base/c.ts']],
      ['base/b.ts', ['base/c.ts']],
      ['base/c.ts', ['base/b.ts']],
    ]);
    expect(importCycles(imports)).toEqual([['base/b.ts', 'base/c.ts']]);
  });
});
