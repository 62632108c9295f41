import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { MqttBus } from '../../src/transport/mqtt-bus.ts';
import { Topics } from '../../src/wire/topics.ts';
import { PROGRAM, ROOT } from '../support/cli.ts';
import { freePort } from '../support/free-port.ts';
import { NotifySocket } from '../support/notify-socket.ts';
import { temporaryFolder } from '../support/temporary.ts';

const possible = [
  ['systemd-notify', '--version'],
  ['python3', '--version'],
].every(([program, ...args]) => spawnSync(program!, args).status === 0);
const suite = possible ? describe : describe.skip;

const children = new Set<ChildProcess>();
const sockets = new Set<NotifySocket>();

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  for (const socket of sockets) await socket.close();
  sockets.clear();
});

interface Started {
  readonly child: ChildProcess;
  readonly socket: NotifySocket;
  readonly ended: Promise<number | null>;
}

/** ExecStart= of the unit, as systemd would run it: its own directories, credentials and notify socket. */
async function start(
  unit: string,
  { instance = '', config = '', password = '', environment = {} as Record<string, string> },
): Promise<Started> {
  const folder = await temporaryFolder();
  const [etc, state, credentials] = ['etc', 'state', 'credentials'].map((name) => join(folder, name));
  for (const path of [etc, state, credentials]) await mkdir(path!);
  await writeFile(join(credentials!, 'broker.password'), password);
  await writeFile(join(credentials!, 'users'), '');
  const socket = await NotifySocket.open();
  sockets.add(socket);
  const text = await readFile(join(ROOT, 'systemd', unit), 'utf8');
  const [, line] = text.match(/^ExecStart=\/usr\/bin\/isobath (.*)$/m)!;
  const args = line!.split(' ').map((arg) => arg.replace('%i', instance).replace('/etc/isobath', etc!));
  await writeFile(args[args.indexOf('--config') + 1]!, config);
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...{ PATH: process.env.PATH, LOGNAME: 'isobath', ISOBATH_LOG_LEVEL: 'error' },
      ...{ NOTIFY_SOCKET: socket.path, WATCHDOG_USEC: '400000' },
      ...{ STATE_DIRECTORY: state, CREDENTIALS_DIRECTORY: credentials },
      ...environment,
    },
  });
  children.add(child);
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  return { child, socket, ended };
}

const count = (messages: readonly string[], message: string) =>
  messages.filter((each) => each === message).length;

async function seesWholeLife({ child, socket, ended }: Started): Promise<void> {
  await socket.saw((messages) => count(messages, 'WATCHDOG=1') >= 3);
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  await socket.saw((messages) => messages.includes('STOPPING=1'));
  const order = ['READY=1', 'WATCHDOG=1', 'STOPPING=1'].map((each) => socket.messages.indexOf(each));
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(count(socket.messages, 'READY=1')).toBe(1);
  expect(socket.messages.lastIndexOf('WATCHDOG=1')).toBeLessThan(socket.messages.indexOf('STOPPING=1'));
}

suite('services under a service manager (skipped without systemd-notify or python3)', () => {
  it('the broker: READY, WATCHDOG, STOPPING', async () => {
    const broker = await start('isobath-broker.service', { config: 'listen: { port: 0 }' });
    await broker.socket.saw((messages) =>
      messages.some((each) => /^STATUS=Broker on 127.0.0.1:\d+$/.test(each)),
    );
    await seesWholeLife(broker);
  });

  it('the master with its own broker: READY names what it serves', async () => {
    const config = 'listen: { port: 0 }\ncalibration: never';
    const master = await start('isobath-master.service', { config });
    await master.socket.saw((messages) =>
      messages.some((each) => /^STATUS=Master .*serving street$/.test(each)),
    );
    await seesWholeLife(master);
  });

  it('an agent: no READY while the broker is away but a STATUS; READY when it comes; STATUS when it goes', async () => {
    const port = await freePort();
    const agent = await start('isobath-agent@.service', {
      instance: 'gateway-7',
      config: `broker: { url: "mqtt://127.0.0.1:${port}", username: agents }\ncalibration: never`,
      password: 'from the credential\n',
    });
    await agent.socket.saw((messages) =>
      messages.some((each) => each.includes('ISO_ERR_BROKER_UNREACHABLE')),
    );
    expect(agent.socket.messages).not.toContain('READY=1');
    expect(agent.socket.messages).not.toContain('WATCHDOG=1');

    const users = '[{ name: agents, password: from the credential }]';
    const config = `listen: { port: ${port}, host: 127.0.0.1 }\nusers: ${users}`;
    const broker = await start('isobath-broker.service', { config });
    await agent.socket.saw((messages) => messages.includes('READY=1'));
    const fine = agent.socket.messages.find((each) => each.startsWith('STATUS=Agent gateway-7'));
    expect(fine).toContain(`mqtt://127.0.0.1:${port}`);

    broker.child.kill('SIGKILL');
    await broker.ended;
    await agent.socket.saw((messages) => messages.some((each) => each.startsWith('STATUS=The connection')));
    await start('isobath-broker.service', { config });
    await agent.socket.saw(
      (messages) => messages.at(-1) === fine || messages.lastIndexOf(fine!) > messages.indexOf(fine!),
    );
    await seesWholeLife(agent);
  });

  it('an agent that waits for its broker stops when it is asked to', async () => {
    const config = `broker: { url: "mqtt://127.0.0.1:${await freePort()}" }`;
    const agent = await start('isobath-agent@.service', { instance: 'gateway-7', config });
    await agent.socket.saw((messages) =>
      messages.some((each) => each.includes('ISO_ERR_BROKER_UNREACHABLE')),
    );
    agent.child.kill('SIGTERM');
    expect(await agent.ended).toBe(0);
    expect(agent.socket.messages).toContain('STOPPING=1');
    expect(agent.socket.messages).not.toContain('READY=1');
  });

  it('an agent whose name is taken ends with the exit code after which its unit is not started again', async () => {
    const port = await freePort();
    await start('isobath-broker.service', { config: `listen: { port: ${port}, host: 127.0.0.1 }` });
    const config = `broker: { url: "mqtt://127.0.0.1:${port}" }\ncalibration: never`;
    const unit = 'isobath-agent@.service';
    const first = await start(unit, { instance: 'gateway-7', config });
    await first.socket.saw((messages) => messages.includes('READY=1'));
    const second = await start(unit, { instance: 'gateway-7', config });
    const text = await readFile(join(ROOT, 'systemd', unit), 'utf8');
    expect(await second.ended).toBe(Number(text.match(/^RestartPreventExitStatus=(\d+)$/m)?.[1]));
    await seesWholeLife(first);
  });

  it('an agent that loses its name while it serves ends with an exit code after which it is started again', async () => {
    const port = await freePort();
    await start('isobath-broker.service', { config: `listen: { port: ${port}, host: 127.0.0.1 }` });
    const config = `broker: { url: "mqtt://127.0.0.1:${port}" }\ncluster: lab\ncalibration: never`;
    const agent = await start('isobath-agent@.service', { instance: 'gateway-7', config });
    await agent.socket.saw((messages) => messages.includes('READY=1'));
    const stranger = new MqttBus({ url: `mqtt://127.0.0.1:${port}` });
    await stranger.start();
    const claim = { v: 1, type: 'ask', run: '0', machine: 'elsewhere', serving: true };
    await stranger.publish(new Topics('lab').agentClaim('gateway-7'), JSON.stringify(claim), { qos: 1 });
    expect(await agent.ended).toBe(1);
    await stranger.stop();
  });

  it('a watchdog that is another process’ is not served', async () => {
    const environment = { WATCHDOG_PID: '1' };
    const broker = await start('isobath-broker.service', { config: 'listen: { port: 0 }', environment });
    await broker.socket.saw((messages) => messages.includes('READY=1'));
    broker.child.kill('SIGTERM');
    expect(await broker.ended).toBe(0);
    expect(broker.socket.messages).not.toContain('WATCHDOG=1');
  });
});
