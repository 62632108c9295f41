import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { agentCounts, linkRates, stragglers, strategyNames } from '../../src/cli/sweep-options.ts';
import { cli } from '../support/cli.ts';

const FEW = ['--agents', '1,4', '--link', '100mbit,1gbit', '--strategies', 'auto,local,depth,rows'];

describe('isobath simulate', () => {
  it('--json: every combination, and what is behind the plots', async () => {
    const { stdout, code } = await cli('simulate', 'street', ...FEW, '--json');
    const { models, ...head } = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(head).toEqual({
      fleet: 'raspberry-pi-4',
      agents: [1, 4],
      links: ['100mbit', '1gbit'],
      strategies: ['auto', 'local', 'depth', 'rows'],
      objective: 'latency',
      wire: 'float32',
      simulation: { inferences: 1, load: 0, loss: 0, seed: 1 },
    });
    const [{ model, localMs, layers, runs, depth }] = models;
    expect([model, runs.length]).toEqual(['street', 2 * 2 * 4]);
    expect(depth.agents).toBe(4);
    expect(depth.points).toHaveLength(2 * layers.length);
    for (const { outcome } of runs) {
      expect(outcome.speedup).toBeCloseTo(localMs / outcome.simulatedMs, 9);
      expect(outcome.simulatedMs).toBeLessThanOrEqual(outcome.predictedMs * (1 + 1e-9));
      expect(outcome.stageOfLayer).toHaveLength(layers.length);
      expect(Object.keys(outcome.termsMs)).toEqual([
        ...['local', 'partition', 'transmit', 'edge', 'receive', 'join', 'retry'],
      ]);
    }
    const local = runs.filter(({ strategy }: { strategy: string }) => strategy === 'local');
    for (const { outcome } of local) expect(outcome).toMatchObject({ speedup: 1, bytes: 0, messages: 0 });
  });

  it('prints a table for each link', async () => {
    const { stdout, stderr } = await cli('simulate', 'street', ...FEW, '--inferences', '20', '--rate', '30');
    expect(stderr).toBe('');
    for (const link of ['100mbit', '1gbit']) expect(stdout).toContain(`Links: ${link}`);
    expect(stdout).toMatch(/^Speedup +n = 1 +n = 4$/m);
    expect(stdout).toMatch(/^local +1\.00 +1\.00$/m);
    expect(stdout).toMatch(/^auto +\d+\.\d\d .*busy|^auto .* %$/m);
  });

  it('simulates the first agents of a fleet file', async () => {
    const fleet = 'config/fleets/mixed.yaml';
    const { stdout } = await cli('simulate', 'street', '--fleet', fleet, '--strategies', 'rows', '--json');
    const { agents, links } = JSON.parse(stdout);
    expect([agents, links]).toEqual([[1, 2, 4, 6], ['as described']]);
    const { code, stderr } = await cli('simulate', 'street', '--fleet', fleet, '--agents', '7');
    expect([code, stderr]).toEqual([2, expect.stringMatching(/has 6 agents/)]);
  });

  it('--html: one page with all plots and nothing from elsewhere', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'isobath-html-'));
    const file = join(folder, 'report.html');
    const bad = ['--inferences', '10', '--loss', '0.05', '--straggler', '0.2:3'];
    const { code } = await cli('simulate', 'street', ...FEW, ...bad, '--html', file);
    const page = await readFile(file, 'utf8');
    expect(code).toBe(0);
    expect(page.match(/<svg[^>]*role="img"/g)).toHaveLength(5);
    for (const title of [
      'Speedup over',
      'Throughput over',
      'Where the time goes',
      'Layer by layer',
      'Depth against',
    ])
      expect(page).toContain(`<h3>${title}`);
    expect(page).toContain('prefers-color-scheme:dark');
    expect(page).not.toMatch(/https?:|\/\/|<script|<link|@import|url\(|src=/);
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
    expect(page.match(/<table>/g)!.length).toBeGreaterThanOrEqual(5);
    await rm(folder, { recursive: true });
  });

  it('says where a report cannot be written', async () => {
    const few = ['--agents', '1', '--link', '1gbit', '--strategies', 'local'];
    const { code, stderr } = await cli('simulate', 'street', ...few, '--html', '/nowhere/report.html');
    expect([code, stderr]).toEqual([2, expect.stringMatching(/cannot be written.*--html/s)]);
  });

  it('is the same for the same seed', async () => {
    const few = ['--strategies', 'depth', '--agents', '4', '--link', '1gbit', '--json'];
    const bad = ['--inferences', '5', '--straggler', '0.5:4'];
    const [one, again, other] = await Promise.all(
      ['3', '3', '4'].map((seed) => cli('simulate', 'street', ...few, ...bad, '--seed', seed)),
    );
    expect(one!.stdout).toBe(again!.stdout);
    expect(JSON.parse(one!.stdout).models[0].runs).not.toEqual(JSON.parse(other!.stdout).models[0].runs);
  });
});

describe('what a sweep varies', () => {
  it.each([
    ['4', [4]],
    ['8,1,2,2', [1, 2, 8]],
    ['1..64', [1, 2, 4, 8, 16, 32, 64]],
    ['1..12', [1, 2, 4, 8, 12]],
    ['3..3', [3]],
    ['1..4:1', [1, 2, 3, 4]],
    ['1..10:4,16', [1, 5, 9, 10, 16]],
  ])('agents %s', (text, counts) => expect(agentCounts(text)).toEqual(counts));

  it.each(['0', '65', '4..2', '1..', '1..4:0', '', 'x', '1.5'])('refuses the agents %j', (text) =>
    expect(() => agentCounts(text)).toThrow(/1\.\.64/),
  );

  it('links, strategies, stragglers', () => {
    expect(linkRates('10mbit, wifi:54mbit,10mbit')).toEqual(['10mbit', 'wifi:54mbit']);
    expect(() => linkRates('10')).toThrow(/100mbit/);
    expect(strategyNames('all')).toContain('deepthings');
    expect(strategyNames('rows,auto')).toEqual(['rows', 'auto']);
    expect(() => strategyNames('auto,best')).toThrow(/best is none of auto/);
    expect(stragglers('0.1:3')).toEqual({ share: 0.1, factor: 3 });
    for (const text of ['2:3', '0.1', '0.1:0.5', '0.1:3:4', 'x:y'])
      expect(() => stragglers(text)).toThrow(/0\.1:3/);
  });
});
