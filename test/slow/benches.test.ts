import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

/** What they print, of runs too short to mean anything. No figure is judged here: docs/performance.md does that. */
describe('a benchmark runs to its end and prints its document', () => {
  it('local', async () => {
    const { models } = await document('local', '--models', 'squeezenet', '--blocks', '2', '--turn', '1');
    expect(models).toMatchObject([
      { model: 'squeezenet', plainMs: spread, oursMs: spread, ratio: spread, runs: 4 },
    ]);
    expect(models[0].greatestDifference).toBeLessThan(1e-5);
  });

  it('wire', async () => {
    const { bareMiBs, oursMiBs, ratio, sizes } = await document(
      'wire',
      '--rounds',
      '1',
      '--mib',
      '8',
      '--maps',
      '512x14',
    );
    expect(Math.min(bareMiBs, oursMiBs, ratio)).toBeGreaterThan(0);
    expect(sizes).toMatchObject([{ map: '512x14', bytes: 401_408, bareMiBs: spread, oursMiBs: spread }]);
  });

  it('scale', async () => {
    const { rows } = await document('scale', '--agents', '1,5', '--models', 'squeezenet', '--runs', '3');
    expect(rows).toMatchObject(
      [1, 5].map((agents) => ({ agents, inferenceMs: spread, planning: [{ model: 'squeezenet' }] })),
    );
    for (const { planning } of rows) expect(planning[0].planMs).toBeGreaterThan(0);
  });
});

const spread = { median: expect.any(Number), low: expect.any(Number), high: expect.any(Number) };

// biome-ignore lint/suspicious/noExplicitAny: each benchmark has a document of its own
async function document(name: string, ...args: readonly string[]): Promise<any> {
  const program = fileURLToPath(new URL(`../../dist-bench/bench/${name}.js`, import.meta.url));
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}
