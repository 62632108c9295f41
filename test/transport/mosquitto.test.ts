import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import type { Bus } from '../../src/transport/bus.ts';
import { busConformance } from '../../src/transport/conformance.ts';
import { MqttBus } from '../../src/transport/mqtt-bus.ts';
import { freePort } from '../support/free-port.ts';

const PATH = `${process.env['PATH']}:/usr/sbin:/usr/local/sbin`;
const installed = spawnSync('mosquitto', ['-h'], { env: { ...process.env, PATH } }).error === undefined;
if (!installed) console.warn('SKIPPED: the bus conformance on Mosquitto, since mosquitto is not installed');

/** Mosquitto tells nobody when it listens. */
async function untilListening(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const up = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

(installed ? describe : describe.skip)('MqttBus on Mosquitto', () => {
  const folder = mkdtempSync(join(tmpdir(), 'isobath-mosquitto-'));
  let broker: ChildProcess | undefined;
  let url = '';

  beforeAll(async () => {
    const port = await freePort();
    const config = join(folder, 'mosquitto.conf');
    writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\n`);
    broker = spawn('mosquitto', ['-c', config], { env: { ...process.env, PATH }, stdio: 'ignore' });
    url = `mqtt://127.0.0.1:${port}`;
    await untilListening(port);
  });

  afterAll(async () => {
    broker?.kill();
    if (broker?.exitCode === null) await once(broker, 'exit');
    rmSync(folder, { recursive: true });
  });

  const target = {
    makeBus: (options: object = {}) => new MqttBus({ url, ...options }),
    kill: (bus: Bus) => (bus as MqttBus).abandon(),
  };
  for (const { name, run } of busConformance(target)) it(name, run);
});
