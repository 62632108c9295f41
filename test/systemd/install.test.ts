import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type Action, carryOut } from '../../src/cli/systemd/action.ts';
import { readEnvironmentFile, writeEnvironmentFile } from '../../src/cli/systemd/environment-file.ts';
import { installActions, uninstallActions } from '../../src/cli/systemd/install.ts';
import { parseStatus } from '../../src/cli/systemd/status.ts';
import { unitOf } from '../../src/cli/systemd/unit.ts';
import { cli } from '../support/cli.ts';
import { temporaryFolder } from '../support/temporary.ts';

const place = { node: '/usr/bin/node', program: '/opt/isobath/dist/cli/main.js' };
const none = new Map<string, string>();
const files = (actions: readonly Action[], kind: string) =>
  actions.flatMap((action) => (action.do === kind && 'path' in action ? [action.path] : []));
/** systemctl is not asked: the folder is no machine. */
const withoutCommands = (actions: readonly Action[]) => actions.filter((action) => action.do !== 'run');

describe('isobath service install', () => {
  it('says with --dry-run what it would do', async () => {
    const call = ['--root', '/nonexistent/card', '--dry-run', '--json'];
    const { stdout, code } = await cli(
      ...['service', 'install', 'agent', '--name', 'gateway-7', '--broker', 'mqtt://master:1883', ...call],
    );
    expect(code).toBe(0);
    const { actions, ...rest } = JSON.parse(stdout);
    const short = actions.map(({ content, ...action }: { content?: string }) => ({
      ...action,
      ...(content === undefined ? {} : { begins: content.split('\n')[0] }),
    }));
    expect({ ...rest, actions: short }).toMatchInlineSnapshot(`
{
  "actions": [
    {
      "begins": "# One agent; the instance's name is the agent's: isobath-agent@gateway-7.service.",
      "do": "write",
      "mode": 420,
      "path": "/etc/systemd/system/isobath-agent@.service",
    },
    {
      "begins": "# Settings of this service alone, as docs/configuration.md names them.",
      "do": "write",
      "mode": 384,
      "path": "/etc/isobath/agent-gateway-7.env",
    },
    {
      "begins": "# An agent: \`isobath agent --config config/agent.yaml\`.",
      "do": "write",
      "mode": 420,
      "path": "/etc/isobath/agent.yaml",
    },
    {
      "do": "write",
      "mode": 384,
      "path": "/etc/isobath/credentials/agent.password",
    },
    {
      "command": [
        "systemctl",
        "--root=/nonexistent/card",
        "enable",
        "isobath-agent@gateway-7.service",
      ],
      "do": "run",
    },
  ],
  "done": false,
  "undo": "isobath service uninstall agent --name gateway-7 --root /nonexistent/card",
  "unit": "isobath-agent@gateway-7.service",
}
`);
  });

  it('never prints a password', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'secret'), 'hunter2\n');
    const { stdout } = await cli(
      ...['service', 'install', 'master', '--password-file', join(folder, 'secret')],
      ...['--root', folder, '--dry-run', '--json'],
    );
    expect(stdout).toContain('credentials/master.password');
    expect(stdout).not.toContain('hunter2');
  });

  it('is idempotent, keeps what the administrator edited, and adds to the settings of earlier calls', async () => {
    const root = await temporaryFolder();
    const unit = unitOf('agent', 'gateway-7');
    const first = await installActions({
      ...place,
      unit,
      root,
      settings: new Map([['ISOBATH_WEIGHT', '2']]),
      password: 'one',
    });
    expect(files(first, 'write')).toHaveLength(4);
    await carryOut(withoutCommands(first), root);
    await writeFile(join(root, unit.config), 'queue: 7\n');
    expect(files(await installActions({ ...place, unit, root, settings: none }), 'write')).toEqual([]);
    const more = new Map([['ISOBATH_ENGINE_THREADS', '2']]);
    const second = await installActions({ ...place, unit, root, settings: more, password: 'two' });
    expect(files(second, 'write')).toEqual([unit.environment, unit.password]);
    await carryOut(withoutCommands(second), root);
    expect(readEnvironmentFile(await readFile(join(root, unit.environment), 'utf8'))).toEqual(
      new Map([
        ['ISOBATH_WEIGHT', '2'],
        ['ISOBATH_ENGINE_THREADS', '2'],
      ]),
    );
    expect(await readFile(join(root, unit.config), 'utf8')).toBe('queue: 7\n');
    const secret = join(root, unit.password!);
    expect([(await stat(secret)).mode & 0o777, await readFile(secret, 'utf8')]).toEqual([0o600, 'two\n']);
  });

  it('leaves the unit of the package alone', async () => {
    const root = await temporaryFolder();
    await mkdir(join(root, 'usr/lib/systemd/system'), { recursive: true });
    await writeFile(join(root, 'usr/lib/systemd/system/isobath-master.service'), '');
    const program = '/usr/lib/isobath/dist/cli/main.js';
    const actions = await installActions({
      ...place,
      program,
      unit: unitOf('master', ''),
      root,
      settings: none,
    });
    expect(actions[0]).toEqual({
      do: 'keep',
      path: '/usr/lib/systemd/system/isobath-master.service',
      why: 'of the package',
    });
  });

  it.each([
    [['agent', '--set', 'engine.thread=2'], 'ISO_ERR_USAGE'],
    [['agent', '--set', 'weight=heavy'], 'ISO_ERR_CONFIG_INVALID'],
    [['agent', '--broker', 'gateway:1883'], 'ISO_ERR_CONFIG_INVALID'],
    [['agent', '--set', 'broker.password=x'], 'ISO_ERR_USAGE'],
    [['agent', '--name', '../x'], 'ISO_ERR_TOPIC_INVALID'],
    [['master', '--name', 'x'], 'ISO_ERR_USAGE'],
    [['broker', '--password-file', '/dev/null'], 'ISO_ERR_USAGE'],
    [['agent', '--password-file', '/nonexistent'], 'ISO_ERR_CONFIG_UNREADABLE'],
    [['gateway'], 'ISO_ERR_USAGE'],
  ])('refuses %j', async (args, expected) => {
    const { stdout, code } = await cli(
      'service',
      'install',
      ...args,
      '--root',
      '/nonexistent/card',
      '--dry-run',
      '--json',
    );
    expect([code, JSON.parse(stdout).error.code]).toEqual([expected === 'ISO_ERR_USAGE' ? 2 : 1, expected]);
  });
});

describe('isobath service uninstall', () => {
  it('keeps settings and state, or purges them; the template stays as long as an agent needs it', async () => {
    const root = await temporaryFolder();
    const units = ['a', 'b'].map((name) => unitOf('agent', name));
    const wants = join(root, 'etc/systemd/system/multi-user.target.wants');
    await mkdir(wants, { recursive: true });
    for (const unit of units) {
      await carryOut(withoutCommands(await installActions({ ...place, unit, root, settings: none })), root);
      await writeFile(join(wants, unit.id), '');
    }
    const [a, b] = units as [(typeof units)[0], (typeof units)[0]];
    expect(files(await uninstallActions(a!, root, false), 'remove')).toEqual([]);
    expect(files(await uninstallActions(a!, root, true), 'remove')).toEqual([a!.environment, a!.state]);
    await carryOut([{ do: 'remove', path: `/etc/systemd/system/multi-user.target.wants/${a!.id}` }], root);
    expect(files(await uninstallActions(b!, root, true), 'remove')).toEqual([
      '/etc/systemd/system/isobath-agent@.service',
      '/etc/systemd/system/isobath-agent@.service.d',
      b!.environment,
      b!.config,
      b!.password,
      b!.state,
    ]);
  });

  it('does nothing to systemd where nothing is installed', async () => {
    const actions = await uninstallActions(unitOf('master', ''), await temporaryFolder(), false);
    expect(actions.filter((action) => action.do === 'run')).toEqual([]);
  });
});

it('reads what it writes of environment files, quotes and backslashes too', () => {
  const settings = new Map([
    ['ISOBATH_BROKER_URL', 'mqtt://host:1883/a "b" \\c'],
    ['ISOBATH_CLUSTER', ''],
  ]);
  expect(readEnvironmentFile(writeEnvironmentFile(settings))).toEqual(settings);
  expect(readEnvironmentFile('# a\n; b\nA=1\n B = x\nC=plain text \n')).toEqual(
    new Map([
      ['A', '1'],
      ['C', 'plain text'],
    ]),
  );
});

it('reads what systemctl shows', () => {
  const text = `Id=isobath-agent@a.service
ActiveState=active
SubState=running
StatusText=Agent a of cluster default on mqtt://h:1883/x=y
MainPID=71
NRestarts=2
UnitFileState=enabled
MemoryCurrent=1048576
ActiveEnterTimestamp=Tue 2026-11-24 13:00:00 UTC

Id=isobath-master.service
ActiveState=inactive
SubState=dead
StatusText=
MainPID=0
NRestarts=0
UnitFileState=disabled
MemoryCurrent=[not set]
ActiveEnterTimestamp=
`;
  expect(parseStatus(text)).toEqual([
    {
      unit: 'isobath-agent@a.service',
      active: 'active',
      sub: 'running',
      status: 'Agent a of cluster default on mqtt://h:1883/x=y',
      pid: 71,
      restarts: 2,
      enabled: true,
      memoryBytes: 1048576,
      since: 'Tue 2026-11-24 13:00:00 UTC',
    },
    {
      unit: 'isobath-master.service',
      active: 'inactive',
      sub: 'dead',
      status: '',
      pid: null,
      restarts: 0,
      enabled: false,
      memoryBytes: null,
      since: null,
    },
  ]);
});
