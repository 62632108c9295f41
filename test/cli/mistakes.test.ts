import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cli, ROOT } from '../support/cli.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isobath-cli-'));
  const model = await readFile(join(ROOT, 'models/street/street.onnx'));
  await writeFile(join(folder, 'truncated.onnx'), model.subarray(0, model.length / 2));
  await writeFile(join(folder, 'text.png'), 'this is no picture');
  await writeFile(join(folder, 'broken.png'), Buffer.from('\x89PNG\r\n\x1a\nbroken', 'latin1'));
});
afterAll(() => rm(folder, { recursive: true }));

const sample = 'models/street/samples/bicycle.png';
/** Nothing listens on port 1: it is below those that a broker may have without being root. */
const NOWHERE = 'mqtt://127.0.0.1:1';

async function mistake(...args: string[]) {
  const { code, stdout, stderr } = await cli(...args, '--json');
  expect(stderr).toBe('');
  const { error } = JSON.parse(stdout) as { error: { code: string; message: string; cure: string } };
  expect(error.cure).not.toBe('');
  return { exit: code, ...error };
}

describe('a mistake ends in a code that names the cure', () => {
  it.each([
    ['inspect', 'truncated.onnx', 'ISO_ERR_MODEL_MALFORMED'],
    ['verify', 'truncated.onnx', 'ISO_ERR_MODEL_MALFORMED'],
    ['inspect', 'text.png', 'ISO_ERR_MODEL_MALFORMED'],
    ['inspect', 'missing.onnx', 'ISO_ERR_MODEL_NOT_FOUND'],
  ])('isobath %s %s: %s', async (command, file, code) => {
    expect(await mistake(command, join(folder, file))).toMatchObject({ exit: 1, code });
  });

  it.each([
    ['text.png', 'ISO_ERR_INPUT_UNREADABLE'],
    ['broken.png', 'ISO_ERR_INPUT_UNREADABLE'],
    ['missing.png', 'ISO_ERR_INPUT_NOT_FOUND'],
  ])('an input that is %s: %s', async (file, code) => {
    const path = join(folder, file);
    expect(await mistake('infer', 'street', path, '--local')).toMatchObject({ exit: 1, code });
    expect(await mistake('demo', '--image', path)).toMatchObject({ exit: 1, code });
  });

  it.each([
    [['inspect', 'zoo:vgg17'], 'ISO_ERR_MODEL_NOT_FOUND'],
    [['verify', 'street', '--scheme', 'diagonal'], 'ISO_ERR_SCHEME_UNKNOWN'],
    [['verify', 'street', '--strategy', 'best'], 'ISO_ERR_STRATEGY_UNKNOWN'],
    [['agent', '--weight', 'heavy', '--name', 'a/b'], 'ISO_ERR_CONFIG_INVALID'],
    [['broker', '--config', '/no/such.yaml'], 'ISO_ERR_CONFIG_UNREADABLE'],
    [['master', '--port', '0', '--model', 'zoo:nothing'], 'ISO_ERR_MODEL_NOT_FOUND'],
    [['infer', 'street', sample, '--broker', NOWHERE], 'ISO_ERR_BROKER_UNREACHABLE'],
    [['verify', 'street', '--broker', NOWHERE], 'ISO_ERR_BROKER_UNREACHABLE'],
  ])('isobath %j: %s', async (args, code) => {
    expect(await mistake(...args)).toMatchObject({ exit: 1, code });
  });

  it('gives up on a broker that accepts and then says nothing', async () => {
    const mute = createServer(() => undefined);
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as { port: number };
    const error = await mistake('infer', 'street', sample, '--broker', `mqtt://127.0.0.1:${port}`);
    expect(error).toMatchObject({ exit: 1, code: 'ISO_ERR_BROKER_UNREACHABLE' });
    mute.close();
  }, 15_000);

  it('tells people on standard error, without a stack trace unless asked', async () => {
    const args = ['inspect', join(folder, 'truncated.onnx')];
    const { stdout, stderr } = await cli(...args);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^ISO_ERR_MODEL_MALFORMED: .*\n.*\n$/);
    expect((await cli(...args, '--debug')).stderr).toMatch(/\n\s+at /);
  });
});
