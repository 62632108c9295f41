import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { STRATEGY_NAMES } from '../../src/planner/strategies.ts';
import { cli, PROGRAM } from '../support/cli.ts';

const COMMANDS = [
  ...['demo', 'infer', 'verify', 'inspect', 'import', 'plan', 'simulate', 'models', 'calibrate'],
  ...['master', 'agent', 'broker'],
];

describe('isobath', () => {
  it('teaches its commands', async () => {
    const { code, stdout, stderr } = await cli('--help');
    expect([code, stderr]).toEqual([0, '']);
    for (const command of COMMANDS) expect(stdout).toContain(`\n  ${command} `);
  });

  it.each(COMMANDS)('%s teaches itself, with examples', async (command) => {
    const { code, stdout } = await cli(command, '--help');
    expect(code).toBe(0);
    expect(stdout).toContain('--json');
    expect(stdout).toContain(`Examples:\n  isobath ${command}`);
    expect(stdout).not.toContain('--with-parent');
  });

  it('gives a reader that takes its time all that it prints', async () => {
    const fleet = 'config/fleets/raspberry-pi-4-100mbit.yaml';
    const call = ['plan', 'zoo:vgg16', '--fleet', fleet, '--compare', '--json'];
    // a pipe of the shell holds 64 KiB; between two processes of Node there are sockets, which hold more
    const slowly = '"$0" "$@" | { sleep 3; cat; }';
    const { stdout } = await promisify(execFile)('sh', ['-c', slowly, process.execPath, PROGRAM, ...call]);
    expect(stdout.length).toBeGreaterThan(128 * 1024);
    expect(JSON.parse(stdout).strategies).toHaveLength(STRATEGY_NAMES.length);
  }, 60_000);

  it('prints its version', async () => {
    expect(await cli('--version')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });

  it('shows its help when it is called without a command', async () => {
    expect(await cli()).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('Commands:') });
  });

  it.each([
    [['foo'], /Unknown command 'foo'/],
    [['demo', '--agent', '3'], /Unknown option '--agent'.*Did you mean --agents\?/s],
    [['demo', '--agents', '0'], /from 1 to 64/],
    [['demo', '--agents', '4.5'], /from 1 to 64/],
    [['verify'], /Missing required argument 'model'/],
    [['verify', 'street', '--tolerance', 'low'], /above 0/],
    [['inspect', 'street', '--shape', 'image'], /image=1,3,224,224/],
    [['inspect', 'street', '--shape', 'imgae=1,3,64,64'], /names imgae.*inputs are: image/s],
    [['inspect', 'street', 'more'], /Too many arguments/],
  ])('refuses %j', async (args, message) => {
    const { code, stdout, stderr } = await cli(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^ISO_ERR_USAGE: /);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/--help|--shape names/);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('gives usage errors as JSON, too', async () => {
    const { code, stdout, stderr } = await cli('demo', '--json', '--agents', 'x');
    expect([code, stderr]).toEqual([2, '']);
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: 'ISO_ERR_USAGE',
        message: expect.any(String),
        cure: expect.stringContaining('demo --help'),
      },
    });
  });
});
