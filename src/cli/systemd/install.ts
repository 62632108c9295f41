import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { IsobathError } from '../../base/errors.ts';
import { SERVICE_NODE_FLAGS } from '../node-flags.ts';
import { type Action, contentOf, runCommand } from './action.ts';
import { readEnvironmentFile, writeEnvironmentFile } from './environment-file.ts';
import { CREDENTIALS, sampleSource, type Unit, unitSource } from './unit.ts';

/** Units lie here when the administrator made them, and there when a package did. */
const OWN_UNITS = '/etc/systemd/system';
const PACKAGED_UNITS = '/usr/lib/systemd/system';
/** Where the Debian package puts the program. */
const PACKAGED_PROGRAM = '/usr/lib/isobath/';
/** RestartSteps= came with systemd 254. */
const BACKOFF_SINCE = 254;

export interface InstallOptions {
  readonly unit: Unit;
  /** Environment variables by name, beside those that an earlier call wrote. */
  readonly settings: ReadonlyMap<string, string>;
  readonly password?: string;
  /** The node that runs the service, and the program. */
  readonly node: string;
  readonly program: string;
  /** A folder that stands for `/`; '' for this machine itself. */
  readonly root: string;
}

/** What is to be done so that the service runs now and after each boot; nothing twice. */
export async function installActions(options: InstallOptions): Promise<Action[]> {
  const { unit, root } = options;
  const actions = [
    ...(await unitFiles(options)),
    await written(root, unit.environment, 0o600, await settingsFile(options)),
    await onlyOnce(root, unit.config, 0o644, await readFile(sampleSource(unit.kind), 'utf8')),
    ...(await credentials(options)),
  ];
  const changed = actions.some((action) => action.do === 'write');
  const systemctl = (...args: string[]): Action => ({ do: 'run', command: ['systemctl', ...args] });
  if (root !== '') return [...actions, systemctl(`--root=${root}`, 'enable', unit.id)];
  return [
    ...actions,
    systemctl('daemon-reload'),
    systemctl('enable', unit.id),
    systemctl(changed ? 'restart' : 'start', '--no-block', unit.id),
  ];
}

/** `purge` removes settings, secrets and state as well. */
export async function uninstallActions(unit: Unit, root: string, purge: boolean): Promise<Action[]> {
  const systemctl = root === '' ? ['systemctl'] : ['systemctl', `--root=${root}`];
  const stop = root === '' ? ['disable', '--now'] : ['disable'];
  const own = `${OWN_UNITS}/${unit.file}`;
  const mine = (await contentOf(join(root, own))) !== undefined;
  const last = !(await otherInstances(unit, root));
  const kept = [
    unit.environment,
    ...(last ? [unit.config, ...CREDENTIALS[unit.kind]] : []),
    unit.state ?? [],
  ].flat();
  const packaged = (await contentOf(join(root, PACKAGED_UNITS, unit.file))) !== undefined;
  const actions: Action[] = [];
  if (mine || packaged) actions.push({ do: 'run', command: [...systemctl, ...stop, unit.id] });
  if (mine && last) actions.push({ do: 'remove', path: own }, { do: 'remove', path: `${own}.d` });
  for (const path of kept) {
    actions.push(purge ? { do: 'remove', path } : { do: 'keep', path, why: '--purge removes it' });
  }
  if (root === '' && mine) actions.push({ do: 'run', command: ['systemctl', 'daemon-reload'] });
  return actions;
}

async function otherInstances({ kind, id }: Unit, root: string): Promise<boolean> {
  if (kind !== 'agent') return false;
  const wanted = join(root, OWN_UNITS, 'multi-user.target.wants');
  const entries: string[] = await readdir(wanted).catch(() => []);
  return entries.some((entry) => entry.startsWith('isobath-agent@') && entry !== id);
}

async function unitFiles({ unit, node, program, root }: InstallOptions): Promise<Action[]> {
  const packaged = `${PACKAGED_UNITS}/${unit.file}`;
  if (program.startsWith(PACKAGED_PROGRAM) && (await contentOf(join(root, packaged))) !== undefined) {
    return [{ do: 'keep', path: packaged, why: 'of the package' }];
  }
  const path = `${OWN_UNITS}/${unit.file}`;
  const source = await readFile(unitSource(unit.file), 'utf8');
  // of another machine nothing is known but what the unit says: /usr/bin/isobath
  if (root !== '') return [await written(root, path, 0o644, source)];
  await requireReadable(program);
  await requireReadable(node);
  const inHome = [program, node].some((path) => /^\/(home|root|run\/user)\//.test(path));
  const run = [quoted(node), ...SERVICE_NODE_FLAGS, quoted(program)].join(' ');
  const content = source
    .replace('ExecStart=/usr/bin/isobath ', `ExecStart=${run} `)
    .replace('ProtectHome=yes', inHome ? 'ProtectHome=read-only' : 'ProtectHome=yes');
  const actions = [await written(root, path, 0o644, content)];
  if ((await systemdVersion()) >= BACKOFF_SINCE) {
    const backoff = await readFile(unitSource('backoff.conf'), 'utf8');
    actions.push(await written(root, `${path}.d/backoff.conf`, 0o644, backoff));
  }
  return actions;
}

/** As systemd.service(5) has it; `%` and `$` have a meaning in ExecStart=. */
function quoted(path: string): string {
  const escaped = path.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /[\s"'\\]/.test(escaped) ? `"${escaped.replace(/["\\]/g, '\\$&')}"` : escaped;
}

/** Services run as users of their own, which are neither root nor the owner of a home. */
async function requireReadable(path: string): Promise<void> {
  for (let folder = dirname(path); folder !== '/'; folder = dirname(folder)) {
    const { mode } = await stat(folder);
    if ((mode & 0o001) === 0) throw IsobathError.of('ISO_ERR_SERVICE_PROGRAM', { path, folder });
  }
}

async function settingsFile({ unit, settings, root }: InstallOptions): Promise<string> {
  const before = readEnvironmentFile((await contentOf(join(root, unit.environment))) ?? '');
  return writeEnvironmentFile(new Map([...before, ...settings]));
}

async function credentials({ unit, password, root }: InstallOptions): Promise<Action[]> {
  const actions: Action[] = [];
  for (const path of CREDENTIALS[unit.kind]) {
    const given = path === unit.password ? password : undefined;
    if (given !== undefined) actions.push(await written(root, path, 0o600, `${given}\n`));
    else actions.push(await onlyOnce(root, path, 0o600, ''));
  }
  return actions;
}

async function written(root: string, path: string, mode: number, content: string): Promise<Action> {
  const same = (await contentOf(join(root, path))) === content;
  return same ? { do: 'keep', path, why: 'unchanged' } : { do: 'write', path, mode, content };
}

/** What the administrator may have edited is never written over. */
async function onlyOnce(root: string, path: string, mode: number, content: string): Promise<Action> {
  const there = (await contentOf(join(root, path))) !== undefined;
  return there ? { do: 'keep', path, why: 'it is there' } : { do: 'write', path, mode, content };
}

/** 0 where it cannot be told. */
async function systemdVersion(): Promise<number> {
  const text = await runCommand(['systemctl', '--version']).catch(() => '');
  return Number(text.match(/^systemd (\d+)/)?.[1] ?? 0);
}
