import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Agent } from '../../src/agent/agent.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { Broker } from '../../src/broker/broker.ts';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { Master } from '../../src/master/master.ts';
import { MqttBus } from '../../src/transport/mqtt-bus.ts';
import { cli } from '../support/cli.ts';

const small = { budgetMs: 50, longestMs: 20, maxProbeBytes: 4e6 };

describe('isobath plan --broker', () => {
  let directory: string;
  let broker: Broker;
  let url: string;
  const undo: (() => Promise<unknown>)[] = [];
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'isobath-test-'));
    broker = new Broker({ host: '127.0.0.1', port: 0, logger: silentLogger });
    await broker.start();
    url = `mqtt://127.0.0.1:${broker.port}`;
  });
  afterEach(async () => {
    for (const step of undo.splice(0).reverse()) await step();
    await broker.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const start = async (name: string) => {
    const agent = new Agent({
      ...{ name, cluster: 'default', logger: silentLogger, host: `host-of-${name}` },
      connect: (will) => new MqttBus({ url, will, logger: silentLogger }),
      engine: new OnnxruntimeEngine({ threads: 1 }),
      directory: join(directory, name),
      filterBytesLimit: 2e9,
      benchmark: small,
    });
    await agent.start();
    undo.push(() => agent.stop());
  };
  const calibrated = async () => {
    const master = new Master({
      ...{ cluster: 'default', logger: silentLogger, models: [], benchmark: small },
      connect: (will) => new MqttBus({ url, will, logger: silentLogger }),
      engine: new OnnxruntimeEngine({ threads: 1 }),
      directory: join(directory, 'master'),
      broker: 'external',
    });
    await master.start();
    await master.profiles.calibrate();
    await master.stop();
  };

  it('plans for the agents that are online, by what they and the master retained', async () => {
    await start('gw-1');
    await start('gw-2');
    await calibrated();
    const args = ['plan', 'street', '--broker', url, '--strategy', 'depth', '--json'];
    const { stdout, stderr, code } = await cli(...args);
    expect([code, stderr]).toEqual([0, '']);
    const { fleet, strategy, stages } = JSON.parse(stdout);
    expect(fleet).toEqual({
      source: `2 agents on ${url}`,
      agents: ['gw-1', 'gw-2'],
      broker: 'external',
      assumed: [],
    });
    expect(strategy).toBe('depth');
    expect(stages.some(({ agents }: { agents: string[] }) => agents.includes('gw-2'))).toBe(true);
    const compared = await cli('plan', 'street', '--broker', url, '--compare', '--json');
    expect(JSON.parse(compared.stdout).strategies.length).toBeGreaterThan(5);
  });

  it('says what nobody measured', async () => {
    await start('gw-1');
    const { stdout, code } = await cli('plan', 'street', '--broker', url);
    expect(code).toBe(0);
    expect(stdout).toContain('assumed: the master, gw-1, the link of gw-1; `isobath calibrate` measures');
  });

  it('says what to do where no agent is, and that a live fleet is not described', async () => {
    const empty = await cli('plan', 'street', '--broker', url, '--json');
    expect(empty.code).not.toBe(0);
    expect(empty.stdout + empty.stderr).toContain('ISO_ERR_FLEET_EMPTY');
    const both = await cli('plan', 'street', '--broker', url, '--agents', '3');
    expect(both.stderr).toContain('--broker and --agents cannot be given together');
  });
});
