import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/** Files by their path below src/, each with the files below src/ that it imports. */
export type ImportMap = ReadonlyMap<string, readonly string[]>;

/** From the ground up: a room imports only from rooms before it. */
export const FLOORS = [
  'base',
  'tensor',
  'graph',
  'formats',
  'zoo',
  'partition',
  'estimator',
  'planner',
  'simulation',
  'engine',
  'wire',
  'repository',
  'transport',
  'presence',
  'exchange',
  'calibration',
  'broker',
  'agent',
  'master',
  'client',
  'gateway',
  'config',
  'cli',
  'index.ts',
] as const;

/** The parties of the protocol: they meet only in `wire`, and the command line puts them together. */
const PARTIES = ['broker', 'agent', 'master', 'client'];

export function readImports(root: string): ImportMap {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.(ts|js)$/.test(file),
  );
  return new Map(
    files.map((file) => {
      const text = readFileSync(path.join(root, file), 'utf8');
      const imported = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
      const inside = imported
        .filter((name) => name.startsWith('.') && /\.(ts|js)$/.test(name))
        .map((name) => path.join(path.dirname(file), name));
      return [file, inside];
    }),
  );
}

/** Every import that goes up, or from one party to another, as `a -> b`. */
export function forbiddenImports(imports: ImportMap): string[] {
  return pairs(imports).flatMap(([from, to]) => {
    const [here, there] = [roomOf(from), roomOf(to)];
    const [low, high] = [FLOORS.indexOf(here), FLOORS.indexOf(there)];
    const betweenParties = here !== there && PARTIES.includes(here) && PARTIES.includes(there);
    return low < 0 || high > low || betweenParties ? [`${from} -> ${to}`] : [];
  });
}

/** Circles of files that import one another, each as the files on it. */
export function importCycles(imports: ImportMap): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]): void => {
    const at = trail.indexOf(file);
    if (at >= 0) cycles.push(trail.slice(at));
    if (at >= 0 || done.has(file)) return;
    for (const next of imports.get(file) ?? []) visit(next, [...trail, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  return cycles;
}

function pairs(imports: ImportMap): [from: string, to: string][] {
  return [...imports].flatMap(([from, list]) => list.map((to): [string, string] => [from, to]));
}

function roomOf(file: string): (typeof FLOORS)[number] {
  return file.split(path.sep)[0] as (typeof FLOORS)[number];
}
