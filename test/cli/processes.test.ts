import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cli, ended, processesWith, ready, startCli } from '../support/cli.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isobath-processes-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** An environment that this test's processes, and theirs, can be known by; temporary files go to a folder of its own. */
async function marked() {
  const mark = `MARK=${randomUUID()}`;
  const temporary = await mkdtemp(join(folder, 'tmp-'));
  return { mark, temporary, environment: { MARK: mark.slice(5), TMPDIR: temporary } };
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 40_000;
  while (!condition() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('isobath demo', () => {
  it('gives the right answer and leaves nothing behind', async () => {
    const { mark, temporary, environment } = await marked();
    const { code, stdout, stderr } = await ended(startCli(['demo', '--agents', '2', '--json'], environment));
    expect([code, stderr]).toEqual([0, '']);
    const { stages, ...document } = JSON.parse(stdout);
    expect(document).toMatchObject({ model: 'street', agents: 2, input: expect.stringMatching(/\.png$/) });
    expect(document.input).toContain(document.top[0].label);
    expect(document.top[0].probability).toBeGreaterThan(0.5);
    expect(document.maxAbsDifference).toBeLessThan(1e-5);
    expect(document.localMs).toBeGreaterThan(0);
    expect(document.distributedMs).toBeGreaterThan(0);
    const cut = stages.filter(({ scheme }: { scheme: string }) => scheme !== 'local');
    expect(cut.length).toBe(document.distributedStages);
    expect(cut[0]).toEqual({
      name: expect.any(String),
      scheme: 'output-depth',
      shards: 2,
      bytes: expect.any(Number),
      times: {
        partitionMs: expect.any(Number),
        transmitMs: expect.any(Number),
        edgeMs: expect.any(Number),
        receiveMs: expect.any(Number),
        joinMs: expect.any(Number),
      },
    });
    expect(processesWith(mark)).toEqual([]);
    expect(await readdir(temporary)).toEqual([]);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('takes its agents along on %s', async (signal) => {
    const { mark, temporary, environment } = await marked();
    const child = startCli(['demo', '--agents', '2'], environment);
    const end = ended(child);
    await until(() => processesWith(mark).length === 3);
    child.kill(signal);
    expect((await end).code).toBe(signal === 'SIGINT' ? 130 : 143);
    expect(processesWith(mark)).toEqual([]);
    expect(await readdir(temporary)).toEqual([]);
  });

  it('takes its agents along even when it is killed', async () => {
    const { mark, environment } = await marked();
    const child = startCli(['demo', '--agents', '2', '--model', 'zoo:resnet18'], environment);
    await until(() => processesWith(mark).length === 3);
    child.kill('SIGKILL');
    await until(() => processesWith(mark).length === 0);
    expect(processesWith(mark)).toEqual([]);
  });
});

describe('isobath verify', () => {
  it('sends no filters to agents that have them', async () => {
    const args = ['verify', 'street', '--agents', '3', '--scheme', 'input-depth', '--json'];
    const state = join(folder, 'state');
    const first = JSON.parse((await cli(...args, '--state', state)).stdout);
    expect(first).toMatchObject({
      ...{ model: 'street', strategy: 'depth', scheme: 'input-depth', agents: 3, ok: true },
      ...{ stages: expect.any(Number), distributedStages: 8 },
    });
    expect(first.maxRelativeDifference).toBeLessThan(1e-5);
    expect(first.filterBytesSent).toBeGreaterThan(1_500_000);
    const second = JSON.parse((await cli(...args, '--state', state)).stdout);
    expect(second).toMatchObject({ ok: true, filterBytesSent: 0 });
  });

  it.each([
    ['float16', 2, 1e-3],
    ['int8', 3.8, 1e-2],
  ])('measures what %s does to the answers, and what it saves', async (wire, least, most) => {
    const samples = ['bus', 'stop-sign'].flatMap((name) => ['--input', `models/street/samples/${name}.png`]);
    const { stdout } = await cli('verify', 'street', '--agents', '2', '--wire', wire, ...samples, '--json');
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ wire, inputs: 2, sameTop: 2, ok: true });
    expect(report.maxRelativeDifference).toBeGreaterThan(0);
    expect(report.maxRelativeDifference).toBeLessThan(most);
    expect(report.float32Bytes / report.bytes).toBeGreaterThanOrEqual(least);
  });

  it('fails with 1 above the tolerance, with the result all the same', async () => {
    const args = [
      'verify',
      'street',
      '--agents',
      '2',
      '--scheme',
      'input-depth',
      '--tolerance',
      '1e-12',
      '--json',
    ];
    const { code, stdout } = await cli(...args);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: 'ISO_ERR_VERIFY_FAILED' } });
  });

  it('says why an agent failed', async () => {
    const args = ['verify', 'street', '--agents', '2', '--state', '/dev/null/state', '--json'];
    const { code, stdout } = await cli(...args);
    const { error } = JSON.parse(stdout);
    expect([code, error.code]).toEqual([1, 'ISO_ERR_CHILD_FAILED']);
    expect(error.message).toContain('ISO_ERR_');
  });
});

describe('services', () => {
  it('serve requests, and end cleanly on SIGTERM', async () => {
    const state = (name: string) => ['--state', join(folder, name), '--json', '--log-level', 'error'];
    const master = startCli(['master', '--port', '0', ...state('master')]);
    const masterEnd = ended(master);
    const { broker, models } = await ready(master);
    expect(models).toEqual(['street']);
    const agent = startCli(['agent', '--broker', String(broker), '--name', 'one', ...state('agent')]);
    const agentEnd = ended(agent);
    expect(await ready(agent)).toEqual({ service: 'agent', name: 'one', cluster: 'default', broker });

    const sample = 'models/street/samples/bicycle.png';
    const infer = () => cli('infer', 'street', sample, '--broker', String(broker), '--json');
    let answer = JSON.parse((await infer()).stdout);
    while (answer.agents === 0) answer = JSON.parse((await infer()).stdout);
    expect(answer).toMatchObject({ model: 'street', agents: 1, top: [{ label: 'bicycle' }, {}, {}, {}, {}] });

    const verified = await cli('verify', 'street', '--broker', String(broker), '--json');
    expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, agents: 1, distributedStages: 8 });
    const unknown = await cli('infer', 'plates', sample, '--broker', String(broker), '--json');
    expect(JSON.parse(unknown.stdout).error.code).toBe('ISO_ERR_MODEL_NOT_SERVED');

    agent.kill('SIGTERM');
    expect(await agentEnd).toMatchObject({ code: 0, stderr: '' });
    master.kill('SIGTERM');
    expect(await masterEnd).toMatchObject({ code: 0, stderr: '' });
  });

  it('an agent waits for its broker, and says so', async () => {
    const agent = startCli(['agent', '--broker', 'mqtt://127.0.0.1:1', '--state', join(folder, 'waiting')]);
    const end = ended(agent);
    await new Promise<void>((resolve) => {
      agent.stderr!.on('data', (text: string) => text.includes('ISO_ERR_BROKER_UNREACHABLE') && resolve());
    });
    agent.kill('SIGTERM');
    expect(await end).toMatchObject({ code: 0, stderr: expect.stringContaining('Trying again') });
  });

  it('a broker without a master: infer knows within seconds', async () => {
    const broker = startCli(['broker', '--port', '0', '--json', '--log-level', 'error']);
    const end = ended(broker);
    const { port, host } = await ready(broker);
    expect(host).toBe('127.0.0.1');
    const url = `mqtt://127.0.0.1:${port}`;
    const { stdout } = await cli(
      'infer',
      'street',
      'models/street/samples/bicycle.png',
      '--broker',
      url,
      '--json',
    );
    expect(JSON.parse(stdout).error.code).toBe('ISO_ERR_MASTER_UNREACHABLE');
    const taken = await cli('broker', '--port', String(port), '--json', '--log-level', 'error');
    expect([taken.code, JSON.parse(taken.stdout).error.code]).toEqual([1, 'ISO_ERR_BROKER_LISTEN']);
    broker.kill('SIGTERM');
    expect((await end).code).toBe(0);
  });
});
