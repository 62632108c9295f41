import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.ts';
import { isobath, ServiceProcess } from '../support/processes.ts';
import { temporaryFolder } from '../support/temporary.ts';

const PATH = `${process.env['PATH']}:/usr/sbin`;
const isInstalled = spawnSync('mosquitto', ['-h'], { env: { ...process.env, PATH } }).error === undefined;
if (!isInstalled) console.warn('SKIPPED: lives over a power cut, since mosquitto is not installed');

/** As earlier versions counted their starts, by a clock; this one was wrong, and seven decades ahead. */
const EPOCH_AHEAD = '4000000000000';
const SAMPLE = 'models/street/samples/bicycle.png';

(isInstalled ? describe : describe.skip)('a cluster on a broker that remembers', () => {
  let directory: string;
  let port: number;
  let broker: ChildProcess;
  const services: ServiceProcess[] = [];

  beforeEach(async () => {
    directory = await temporaryFolder();
    port = await freePort();
    const lines = [`listener ${port} 127.0.0.1`, 'allow_anonymous true', 'persistence true', 'user root'];
    const saving = [`persistence_location ${directory}/`, 'autosave_interval 1', 'autosave_on_changes true'];
    await writeFile(join(directory, 'mosquitto.conf'), [...lines, ...saving, ''].join('\n'));
    await startBroker();
  });
  afterEach(async () => {
    for (const service of services.splice(0)) await service.kill();
    broker.kill('SIGKILL');
  });

  async function startBroker(): Promise<void> {
    const config = join(directory, 'mosquitto.conf');
    broker = spawn('mosquitto', ['-c', config], {
      env: { ...process.env, PATH },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let log = '';
    await new Promise<void>((resolve, reject) => {
      broker.once('error', reject);
      broker.stderr!.setEncoding('utf8').on('data', (text: string) => {
        log += text;
        if (/running/.test(log)) resolve();
      });
    });
  }

  /** As a power cut ends them. */
  async function cut(...ended: ServiceProcess[]): Promise<void> {
    const gone = once(broker, 'exit');
    broker.kill('SIGKILL');
    await Promise.all([gone, ...ended.map((service) => service.kill())]);
  }

  const address = () => ['--broker', `mqtt://127.0.0.1:${port}`, '--cluster', 'lives'];
  function service(name: string, ...args: string[]): ServiceProcess {
    const state = ['--state', join(directory, name), '--calibration', 'never', '--threads', '1'];
    const started = new ServiceProcess([...args, ...address(), ...state, '--log-format', 'json']);
    services.push(started);
    return started;
  }
  const master = (name = 'master') => service(name, 'master', '--model', 'street', '--strategy', 'depth');
  const agent = (name = 'agent') => service(name, 'agent', '--name', 'a');
  const deployed = (agents: number, times = 1) =>
    new RegExp(`(?:[^]*"agents":${agents},"msg":"The model is deployed){${times}}`);
  const ask = () => isobath('infer', 'street', SAMPLE, ...address(), '--json');

  it('takes an agent back whose state and clock were lost with the power', async () => {
    await clockAhead();
    const first = agent();
    const serving = master();
    await serving.wrote(deployed(1));
    await cut(first);
    await rm(join(directory, 'agent'), { recursive: true });
    await startBroker();
    const second = agent();
    await second.wrote(/The agent is ready/);
    await serving.wrote(deployed(1, 2));
    const { code, stdout } = await ask();
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { degraded: false, agents: 1 }]);
  });

  it('serves without an agent that a retained status names, and that is gone', async () => {
    const first = agent();
    const before = master();
    await before.wrote(deployed(1));
    await cut(first, before);
    await startBroker();
    const serving = master();
    await serving.wrote(/does not answer/);
    await serving.wrote(deployed(0));
    expect((await ask()).code).toBe(0);
    expect(serving.stderr).not.toMatch(/could not be deployed/);
  });

  it('refuses a second master and a second agent of a name, and goes on', async () => {
    const first = agent();
    const serving = master();
    await serving.wrote(deployed(1));
    const [rival, namesake] = [master('rival'), agent('namesake')];
    expect(await Promise.all([rival.ended, namesake.ended])).toEqual([3, 3]);
    expect(rival.stderr).toMatch(/ISO_ERR_MASTER_DUPLICATE: .* from the machine/);
    expect(namesake.stderr).toMatch(/ISO_ERR_AGENT_DUPLICATE: .* from the machine/);
    await serving.wrote(/A second master of the cluster lives runs on/);
    await first.wrote(/A second agent a runs on/);
    expect((await ask()).code).toBe(0);
  });

  async function clockAhead(): Promise<void> {
    const folder = join(directory, 'agent');
    await mkdir(folder);
    await writeFile(join(folder, 'epoch'), EPOCH_AHEAD);
  }
});
