import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { agentSchema } from '../../src/config/agent.ts';
import { brokerSchema } from '../../src/config/broker.ts';
import { loadSettings } from '../../src/config/load.ts';
import { masterSchema } from '../../src/config/master.ts';

let folder: string;
let files = 0;

async function yaml(text: string): Promise<string> {
  files += 1;
  const file = join(folder, `${files}.yaml`);
  await writeFile(file, text);
  return file;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isobath-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('loadSettings', () => {
  it('gives the defaults where nobody says anything', async () => {
    const settings = await loadSettings(agentSchema);
    expect(settings).toMatchObject({ name: '', cluster: 'default', weight: 1, log: { level: 'info' } });
  });

  it('prefers flags to the environment to the file to the defaults', async () => {
    const file = await yaml('cluster: file\nweight: 2\nbroker:\n  url: mqtt://file:1\n');
    const environment = { ISOBATH_WEIGHT: '3', ISOBATH_BROKER_URL: 'mqtt://env:1' };
    const flags = { 'broker.url': 'mqtt://flag:1', name: undefined };
    const { cluster, weight, broker, queue } = await loadSettings(agentSchema, { file, environment, flags });
    expect([cluster, weight, broker.url, queue]).toEqual(['file', 3, 'mqtt://flag:1', 64]);
  });

  it('takes an empty variable for an unset one, and an empty file or group for none', async () => {
    const file = await yaml('# all of it is commented out\nbroker:\n');
    const { name, broker } = await loadSettings(agentSchema, { file, environment: { ISOBATH_NAME: '' } });
    expect([name, broker.verify]).toEqual(['', true]);
  });

  it('reads numbers, flags and lists from the environment', async () => {
    const environment = {
      ISOBATH_MODELS: 'street, zoo:vgg16',
      ISOBATH_USERS: '[{"name": "a.b", "password": "x.y"}]',
      ISOBATH_LISTEN_WEBSOCKET_PORT: '8083',
      ISOBATH_BROKER_VERIFY: 'false',
    };
    const { models, users, listen, broker } = await loadSettings(masterSchema, { environment });
    expect([models, users, listen.websocketPort, broker.verify]).toEqual([
      ['street', 'zoo:vgg16'],
      [{ name: 'a.b', password: 'x.y' }],
      8083,
      false,
    ]);
  });

  it('reports all mistakes of all sources at once', async () => {
    const file = await yaml(
      'clutser: x\nbroker: mqtt://host\nlog:\n  level: loud\nweight:\nengine:\n  thread: 1\ncache:\n  maxBytes: 12abc\n',
    );
    const environment = { ISOBATH_BROKER_VERIFY: 'nope', ISOBATH_QUEUE: '0' };
    const loading = loadSettings(agentSchema, { file, environment, flags: { name: 'a/b' } });
    const message = await loading.then(String, (error: Error) => error.message);
    for (const problem of [
      'clutser: is not a setting; did you mean cluster?',
      'broker: must be a mapping of settings',
      'log.level: must be one of the possible values',
      'weight: must have a value',
      'engine.thread: is not a setting; did you mean engine.threads?',
      'cache.maxBytes: must be a whole number from 1 up: value was "12abc"',
      'broker.verify: must be true or false: value was "nope"',
      'queue: must be a whole number from 1 up',
      'name: must be 1 to 128 letters',
    ]) {
      expect(message).toContain(problem);
    }
    await expect(loading).rejects.toMatchObject({ code: 'ISO_ERR_CONFIG_INVALID' });
  });

  it('finds a setting that was written outside its group', async () => {
    const loading = loadSettings(brokerSchema, { file: await yaml('port: 1884\n') });
    await expect(loading).rejects.toThrow('port: is not a setting; did you mean listen.port?');
  });

  it.each([
    ['- a\n- b\n', 'the file: must be a mapping'],
    ['users:\n  a: b\n', 'users: must not be a mapping'],
    ['users: [{ name: a }]\n', 'users: must be a list of `name` and `password`'],
    ['users: [null]\n', 'users: must be a list of `name` and `password`'],
    ['users: [{ name: a, password: x }, { name: a, password: y }]\n', 'must name each user once'],
    ['constructor:\n  prototype: 1\n', 'constructor: is not a setting'],
    ['__proto__:\n  a: 1\n', '__proto__: is not a setting'],
    ['listen: { port: 70000 }\n', 'must be a port from 0 to 65535'],
  ])('refuses %j', async (text, problem) => {
    await expect(loadSettings(brokerSchema, { file: await yaml(text) })).rejects.toThrow(problem);
  });

  it.each([
    ['[{ name: x }]', 'a mapping with `model`'],
    ['[{ model: a.onnx, schema: x }]', 'has the key schema'],
    ['[{ model: a.onnx, shapes: { x: 3 } }]', 'shapes that are not lists'],
    ['[{ model: a.onnx, scheme: 3 }]', 'a scheme that is not a text'],
    ['[{ model: a.onnx, objective: speed }]', 'an objective that is none of latency, throughput'],
    ['17', 'must be a list of models'],
  ])('refuses the models %s', async (models, problem) => {
    const file = await yaml(`models: ${models}\n`);
    await expect(loadSettings(masterSchema, { file })).rejects.toThrow(problem);
  });

  it('does not show passwords', async () => {
    const file = await yaml('users: [{ name: a, password: 17, extra: hunter2 }]\n');
    const loading = loadSettings(brokerSchema, { file });
    await expect(loading).rejects.toMatchObject({ message: expect.not.stringContaining('hunter2') });
  });

  it('says why a file cannot be read', async () => {
    const missing = loadSettings(brokerSchema, { file: join(folder, 'missing.yaml') });
    await expect(missing).rejects.toMatchObject({ code: 'ISO_ERR_CONFIG_UNREADABLE' });
    await expect(missing).rejects.toThrow('there is no such file');
    const broken = loadSettings(brokerSchema, { file: await yaml('listen: [1, 2\n') });
    await expect(broken).rejects.toMatchObject({ code: 'ISO_ERR_CONFIG_UNREADABLE' });
  });
});
