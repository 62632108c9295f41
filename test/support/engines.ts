import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ENGINE_NAMES, type EngineName, engineNamed } from '../../src/engine/engines.ts';

/** Why the engine does not load here; undefined where it does. */
async function obstacle(name: EngineName): Promise<string | undefined> {
  const engine = engineNamed(name);
  try {
    await engine.start();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await engine.stop();
  }
}

const obstacles = new Map<EngineName, string | undefined>();
for (const name of ENGINE_NAMES) obstacles.set(name, await obstacle(name));

/** The engines that load here, in the order of the table. */
export const loadedEngines = ENGINE_NAMES.filter((name) => obstacles.get(name) === undefined);

/** What a skipped test is called: a test that needs an engine that does not load says so by name. */
export function skippedFor(name: EngineName): string | undefined {
  const reason = obstacles.get(name);
  return reason === undefined ? undefined : `SKIPPED: ${reason}`;
}

/** The conformance table of docs/engines.md: the cases that an engine refuses, each with the reason. */
export function documentedRefusals(engine: EngineName): Map<string, string> {
  const page = readFileSync(fileURLToPath(new URL('../../docs/engines.md', import.meta.url)), 'utf8');
  const lines = page.split('\n').filter((line) => line.startsWith('| '));
  const head = cellsOf(lines.find((line) => line.startsWith('| case '))!);
  const column = head.indexOf(engine);
  return new Map(
    lines
      .filter((line) => line.startsWith('| `test_'))
      .map(cellsOf)
      .filter((cells) => cells[column]!.startsWith('refused: '))
      .map((cells) => [cells[0]!.replaceAll('`', ''), cells[column]!.replace('refused: ', '')]),
  );
}

/** How many cases of ONNX the engine passes, as the table says. */
export function documentedPasses(engine: EngineName): number {
  const page = readFileSync(fileURLToPath(new URL('../../docs/engines.md', import.meta.url)), 'utf8');
  const lines = page.split('\n');
  const head = cellsOf(lines.find((line) => line.startsWith('| case '))!);
  const row = cellsOf(lines.find((line) => / of ONNX \|/.test(line))!);
  return Number.parseInt(row[head.indexOf(engine)]!, 10);
}

/** The operators that docs/engines.md says TensorFlow.js is not given, in some form at least. */
export function documentedOperators(): string[] {
  const page = readFileSync(fileURLToPath(new URL('../../docs/engines.md', import.meta.url)), 'utf8');
  const [, list = ''] = /<!-- operators -->\n(.*?)<!-- \/operators -->/s.exec(page) ?? [];
  return [...list.matchAll(/`(\w+)`/g)].map(([, name]) => name!).sort();
}

function cellsOf(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}
