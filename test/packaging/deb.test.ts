import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ROOT, ready } from '../support/cli.ts';

const works = (program: string, ...args: string[]) => spawnSync(program, args).status === 0;
const buildable = ['fakeroot', 'help2man', 'strip', 'dpkg-deb'].every((tool) => works(tool, '--version'));
const installed = () => works('dpkg-query', '--show', 'isobath');
const installable = buildable && process.getuid?.() === 0 && !installed();

const ARCHITECTURE = process.arch === 'arm64' ? 'arm64' : 'amd64';
/** e_machine of an ELF file, System V ABI. */
const MACHINES: Readonly<Record<string, number>> = { amd64: 62, arm64: 183 };
const version = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version as string;
const packageOf = (architecture: string) => join(ROOT, 'dist-deb', `isobath_${version}_${architecture}.deb`);

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'isobath-deb-'));
  if (!buildable) return;
  const env = { ...process.env, DEB_COMPRESSION: '0' };
  execFileSync('bash', ['systemd/deb/build.sh', 'amd64', 'arm64'], { cwd: ROOT, env, stdio: 'inherit' });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const built = buildable ? describe : describe.skip;

built('the Debian packages (skipped without fakeroot, help2man, binutils or dpkg)', () => {
  (works('lintian', '--version') ? it : it.skip)(
    'pass lintian without errors (skipped where it is missing)',
    () => {
      const { stdout, stderr } = spawnSync('lintian', ['--no-tag-display-limit', packageOf(ARCHITECTURE)], {
        encoding: 'utf8',
      });
      expect(`${stdout}${stderr}`.split('\n').filter((line) => line.startsWith('E:'))).toEqual([]);
    },
  );

  it.each(Object.keys(MACHINES))('%s holds machine code of its own kind alone', (architecture) => {
    const root = join(folder, architecture);
    execFileSync('dpkg-deb', ['--extract', packageOf(architecture), root]);
    const files = readdirSync(join(root, 'usr/lib/isobath'), { recursive: true, encoding: 'utf8' });
    const machines = files
      .filter((file) => /\.node$|\.so(\.\d+)*$|bin\/node$/.test(file))
      .map((file) => [file, readFileSync(join(root, 'usr/lib/isobath', file)).readUInt16LE(18)] as const);
    expect(machines.map(([file]) => file).join(' ')).toMatch(/libonnxruntime.*|bin\/node/);
    expect(machines.length).toBeGreaterThanOrEqual(4);
    expect(machines.filter(([, machine]) => machine !== MACHINES[architecture])).toEqual([]);
    rmSync(root, { recursive: true });
  });
});

/** As systemd would run it: as nobody in particular, with folders of its own. */
function unprivileged(args: readonly string[], state: string) {
  return spawn(
    'setpriv',
    ['--reuid=65534', '--regid=65534', '--clear-groups', '--no-new-privs', 'isobath', ...args],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: '/usr/bin:/bin',
        STATE_DIRECTORY: state,
        ISOBATH_LOG_LEVEL: 'error',
        ISOBATH_CALIBRATION: 'never',
      },
    },
  );
}

const onMachine = installable ? describe : describe.skip;

onMachine('the package on this machine (skipped unless root, on Debian, without isobath installed)', () => {
  /** State of services that were run here by hand is none of the package's; only purging takes it, too. */
  let before: readonly string[] = [];
  beforeAll(() => {
    before = paths.filter((path) => existsSync(path));
  });
  afterAll(() => {
    if (installed()) spawnSync('dpkg', ['--purge', 'isobath']);
  });

  const dpkg = (...args: string[]) =>
    execFileSync('dpkg', ['--force-confdef', '--force-confold', ...args], { stdio: 'pipe' });
  const paths = [
    '/etc/isobath',
    '/usr/lib/isobath',
    '/usr/bin/isobath',
    '/var/lib/isobath',
    '/var/lib/private/isobath',
  ];

  it('installs, with units that are disabled and verify, and a manual', () => {
    dpkg('--install', packageOf(ARCHITECTURE));
    expect(execFileSync('isobath', ['--version'], { encoding: 'utf8' }).trim()).toBe(version);
    const wanted = readdirSync('/etc/systemd/system', { recursive: true, encoding: 'utf8' });
    expect(wanted.filter((file) => /\.wants\/isobath/.test(file))).toEqual([]);
    for (const unit of ['isobath-agent@gateway-7', 'isobath-master', 'isobath-broker']) {
      const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', `${unit}.service`], {
        encoding: 'utf8',
      });
      expect([stdout, stderr]).toEqual(['', '']);
    }
    for (const page of ['isobath', 'isobath-agent', 'isobath-service']) {
      expect(existsSync(`/usr/share/man/man1/${page}.1.gz`)).toBe(true);
    }
    expect(readdirSync('/etc/isobath/credentials').sort()).toEqual([
      'agent.password',
      'master.password',
      'users.yaml',
    ]);
    const agent = execFileSync(
      'isobath',
      ['service', 'install', 'agent', '--root', folder, '--dry-run', '--json'],
      { encoding: 'utf8' },
    );
    expect(JSON.parse(agent).done).toBe(false);
  });

  it('serves a model as an unprivileged user', async () => {
    const state = mkdtempSync(join(tmpdir(), 'isobath-state-'));
    execFileSync('chown', ['65534:65534', state]);
    const master = unprivileged(
      ['master', '--config', '/etc/isobath/master.yaml', '--port', '0', '--json'],
      state,
    );
    const { broker } = await ready(master);
    const agent = unprivileged(
      ['agent', '--config', '/etc/isobath/agent.yaml', '--name', 'a', '--broker', String(broker), '--json'],
      state,
    );
    await ready(agent);
    const sample = '/usr/lib/isobath/models/street/samples/bicycle.png';
    const answer = execFileSync(
      'isobath',
      ['infer', 'street', sample, '--broker', String(broker), '--json'],
      { encoding: 'utf8' },
    );
    expect(JSON.parse(answer).top[0].label).toBe('bicycle');
    for (const service of [agent, master]) {
      const end = new Promise((resolve) => service.on('exit', resolve));
      service.kill('SIGTERM');
      expect(await end).toBe(0);
    }
    rmSync(state, { recursive: true });
  });

  it('is upgraded: settings stay, the program is the new one', () => {
    appendFileSync('/etc/isobath/agent.yaml', '\n# mine\n');
    writeFileSync('/etc/isobath/credentials/agent.password', 'secret\n', { mode: 0o600 });
    const root = join(folder, 'next');
    execFileSync('dpkg-deb', ['--raw-extract', packageOf(ARCHITECTURE), root]);
    const control = join(root, 'DEBIAN/control');
    writeFileSync(
      control,
      readFileSync(control, 'utf8').replace(`Version: ${version}`, `Version: ${version}+next`),
    );
    writeFileSync(join(root, 'usr/lib/isobath/NEXT'), '');
    execFileSync('dpkg-deb', ['--build', '-Znone', root, join(folder, 'next.deb')], { stdio: 'pipe' });
    dpkg('--install', join(folder, 'next.deb'));
    expect(execFileSync('dpkg-query', ['--show', 'isobath'], { encoding: 'utf8' })).toBe(
      `isobath\t${version}+next\n`,
    );
    expect(existsSync('/usr/lib/isobath/NEXT')).toBe(true);
    expect(readFileSync('/etc/isobath/agent.yaml', 'utf8')).toMatch(/# mine\n$/);
    expect(readFileSync('/etc/isobath/credentials/agent.password', 'utf8')).toBe('secret\n');
  });

  it('is removed but for settings, then purged without a trace', () => {
    dpkg('--remove', 'isobath');
    expect(paths.filter((path) => existsSync(path) && !before.includes(path))).toEqual(['/etc/isobath']);
    dpkg('--purge', 'isobath');
    expect(paths.filter((path) => existsSync(path))).toEqual([]);
    expect(
      readdirSync('/etc/systemd/system', { recursive: true, encoding: 'utf8' }).filter((file) =>
        file.includes('isobath'),
      ),
    ).toEqual([]);
    expect(installed()).toBe(false);
  });
});
