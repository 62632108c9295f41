import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { FogbedDocument, MeasuredStrategy } from '../../bench/fogbed/document.ts';
import { missing } from '../../bench/fogbed/requirements.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { until } from '../support/until.ts';
import { Bench, SMALL, traces } from './support.ts';

const lacking = (await missing()).map(({ what, reason }) => `${what}: ${reason}`);
const onAble = lacking.length === 0 ? describe : describe.skip;

onAble(
  `the emulated fog${lacking.length === 0 ? '' : ` (skipped, the machine lacks ${lacking.join('; ')})`}`,
  () => {
    it('measures right answers, counts their bytes, and leaves nothing behind', async () => {
      const html = join(await temporaryFolder(), 'report.html');
      const strategies = ['auto', 'local', 'depth'];
      const bench = new Bench(
        ...SMALL,
        ...['--strategies', strategies.join(','), '--runs', '2', '--link', '1gbit', '--json', '--html', html],
      );
      const code = await bench.ended;
      expect([code, bench.stderr]).toEqual([0, expect.any(String)]);
      const document = JSON.parse(bench.stdout) as FogbedDocument;
      const { boundMs, baselineMs } = document;
      expect(document).toMatchObject({ model: 'zoo:squeezenet', agents: 2, cpu: 0.2, link: '1gbit' });
      expect(boundMs).toBeLessThan(baselineMs);
      expect(document.strategies.map(({ strategy }) => strategy)).toEqual(strategies);
      for (const each of document.strategies) {
        expect(each).not.toHaveProperty('error');
        const { difference, degraded, runs, latencyMs, speedup } = each as MeasuredStrategy;
        expect(difference).toBeLessThanOrEqual(1e-4);
        expect({ degraded, runs }).toEqual({ degraded: 0, runs: 2 });
        expect(speedup).toBeCloseTo(baselineMs / latencyMs.median);
      }
      const of = (name: string) =>
        document.strategies.find(({ strategy }) => strategy === name) as MeasuredStrategy;
      expect(of('local').bytes).toBe(0);
      // what the master counts went over its cable: a shared region to each agent, and some heads
      const { bytes, cableBytes } = of('depth');
      expect(bytes).toBeGreaterThan(1e6);
      expect(cableBytes).toBeGreaterThan(bytes);
      expect(cableBytes).toBeLessThan(2 * 1.1 * bytes);
      expect(of('local').cableBytes).toBeLessThan(0.05 * cableBytes);
      expect(await readFile(html, 'utf8')).toContain('measured on an emulated fog');
      expect(await traces(bench.pid)).toEqual([]);
    });

    it.each([
      // from the terminal, in the middle of an inference
      ['SIGINT', /depth, float32: to warm up: 1 of 1000/, 130],
      // and while devices are only being made
      ['SIGTERM', /making devices/, 143],
    ] as const)('leaves nothing behind when %s ends it', async (signal, moment, code) => {
      const bench = new Bench(...SMALL, '--warm-up', '1000', '--strategies', 'depth', '--patience', '600');
      await bench.told(moment);
      await until(async () => (await traces(bench.pid)).some((trace) => trace.endsWith('-master')));
      bench.child.kill(signal);
      expect(await bench.ended).toBe(code);
      expect(await traces(bench.pid)).toEqual([]);
    });

    it('takes away what a killed run left', async () => {
      const bench = new Bench(...SMALL, '--strategies', 'local');
      await bench.told(/measuring devices/);
      bench.child.kill('SIGKILL');
      await bench.ended;
      expect(await traces(bench.pid)).not.toEqual([]);
      const clean = new Bench('--clean');
      expect(await clean.ended).toBe(0);
      expect(await traces(bench.pid)).toEqual([]);
    });

    it('goes on when a connection is cut', async () => {
      const bench = new Bench(
        ...SMALL,
        '--strategies',
        'depth',
        '--runs',
        '3',
        '--latency',
        '1ms',
        '--cut',
        '--json',
      );
      expect([await bench.ended, bench.stderr]).toEqual([0, expect.any(String)]);
      const { strategies, latencyMs } = JSON.parse(bench.stdout) as FogbedDocument;
      expect(latencyMs).toBe(1);
      expect(strategies[0]).toMatchObject({ strategy: 'depth', runs: 3 });
      expect((strategies[0] as MeasuredStrategy).difference).toBeLessThanOrEqual(1e-4);
      expect(await traces(bench.pid)).toEqual([]);
    });
  },
);

describe('the call of the bench', () => {
  it.each([
    [['--agents', '0', '--model', 'street'], 'It must be numbers from 1 to 64'],
    [['--cpu', '2'], 'It must be shares of one processor'],
    [['--strategies', 'best'], 'best is none of'],
    [['--latency', 'long'], 'It must be like 2ms'],
    [['--wire', 'float32,float8'], 'float8 is none of float32'],
  ])('refuses %j', async (args, said) => {
    const bench = new Bench(...args);
    expect(await bench.ended).toBe(2);
    expect(bench.stderr).toContain(said);
  });
});
