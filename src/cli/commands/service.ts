import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { Argument, type Command } from 'commander';
import { IsobathError, reasonOf } from '../../base/errors.ts';
import { loadSettings } from '../../config/load.ts';
import { settingsOf, variableOf } from '../../config/schema.ts';
import { command } from '../command.ts';
import { type CliContext, usage } from '../context.ts';
import { several } from '../option-values.ts';
import { topicName } from '../served-name.ts';
import { type Action, carryOut, textOf } from '../systemd/action.ts';
import { installActions, uninstallActions } from '../systemd/install.ts';
import { statusOf } from '../systemd/status.ts';
import { SCHEMAS, SERVICES, type ServiceKind, type Unit, unitOf } from '../systemd/unit.ts';
import { bytesText, table } from '../table.ts';

interface PlaceFlags {
  readonly name?: string;
  readonly root?: string;
  readonly dryRun?: boolean;
}

interface InstallFlags extends PlaceFlags {
  readonly broker?: string;
  readonly cluster?: string;
  readonly set?: readonly string[];
  readonly passwordFile?: string;
}

const kindArgument = () => new Argument('<service>', 'agent, master or broker').choices(SERVICES);

/** `isobath service`: agents, master and broker as services of systemd. */
export function serviceCommand(context: CliContext) {
  const group = command({
    name: 'service',
    summary: 'install agent, master or broker as a service of systemd',
    description:
      'Makes agent, master or broker a service that starts at boot, is restarted when it fails or hangs, and runs as a ' +
      'user of its own with no rights that it does not need. install can be called again: it changes what differs.',
    examples: [
      ['sudo isobath service install agent --name gateway-7 --broker mqtt://master:1883', ''],
      ['isobath service install master --dry-run', 'says what it would do'],
      ['isobath service status', 'of all services of this machine'],
    ],
  });
  for (const build of [installCommand, uninstallCommand, statusCommand, logsCommand]) {
    group.addCommand(build(context));
  }
  return group;
}

function placed(target: Command): Command {
  return target
    .addArgument(kindArgument())
    .option('--name <name>', 'name of the agent; default: the host name')
    .option(
      '--root <directory>',
      'a folder that stands for /, as the card of another machine; starts nothing',
    )
    .option('--dry-run', 'say what would be done, and do nothing');
}

function installCommand(context: CliContext) {
  const target = command({
    name: 'install',
    summary: 'install, enable and start a service',
    description:
      'Writes the unit, its settings and its password, enables it and starts it. Settings are kept in /etc/isobath: the ' +
      "annotated KIND.yaml is written once and is yours, options of this call go to the service's own .env file.",
    examples: [
      ['isobath service install agent --name gateway-7 --broker mqtt://master:1883', ''],
      ['isobath service install agent --set engine.threads=2 --password-file secret.txt', ''],
      ['isobath service install master --set models=street,zoo:resnet50', ''],
    ],
  });
  return placed(target)
    .option('--broker <url>', 'the broker, as mqtt://host:1883')
    .option('--cluster <name>', 'name of the cluster')
    .option(
      '--set <setting=value>',
      'a setting of docs/configuration.md; may be given several times',
      several,
    )
    .option('--password-file <file>', 'holds the password for the broker')
    .action(async (kind: ServiceKind, options: InstallFlags) => {
      const unit = unitFor(kind, options);
      const settings = await settingsFrom(kind, options);
      const password = await passwordFrom(unit, options);
      const { root = '' } = options;
      const { program } = context;
      const place = { unit, settings, node: process.execPath, program, root };
      const actions = await installActions({ ...place, ...(password === undefined ? {} : { password }) });
      const name = kind === 'agent' ? ` --name ${options.name ?? topicName(hostname())}` : '';
      const undo = `isobath service uninstall ${kind}${name}${root === '' ? '' : ` --root ${root}`}`;
      await finish(context, actions, options, { unit: unit.id, undo });
    });
}

function uninstallCommand(context: CliContext) {
  const target = command({
    name: 'uninstall',
    summary: 'stop, disable and remove a service',
    description:
      'Stops the service and removes its unit. Settings, secrets and filters stay, unless --purge is given.',
    examples: [['isobath service uninstall agent --name gateway-7 --purge', 'leaves nothing']],
  });
  return placed(target)
    .option('--purge', 'remove settings, secrets and state, too')
    .action(async (kind: ServiceKind, options: PlaceFlags & { readonly purge?: boolean }) => {
      const unit = unitFor(kind, options);
      const actions = await uninstallActions(unit, options.root ?? '', options.purge === true);
      await finish(context, actions, options, { unit: unit.id });
    });
}

function statusCommand(context: CliContext) {
  const target = command({
    name: 'status',
    summary: 'show how the services of this machine are',
    description: 'Shows whether each service runs and starts at boot, and what it says of itself.',
    examples: [['isobath service status --json', '']],
  });
  return target
    .addArgument(kindArgument().argOptional())
    .option('--name <name>', 'only the agent of this name')
    .action(async (kind: ServiceKind | undefined, options: PlaceFlags) => {
      requireSystemd();
      const services = await statusOf(patterns(kind, options));
      const { output } = context;
      output.result({ services }, () =>
        services.length === 0
          ? 'No service of Isobath is installed here: isobath service install'
          : table(
              ['Unit', 'State', 'At boot', 'Restarts', 'Memory', 'Status'].map((title) => ({ title })),
              services.map(({ unit, active, sub, enabled, restarts, memoryBytes, status }) => [
                ...[unit, `${active} (${sub})`, enabled ? 'yes' : 'no', String(restarts)],
                ...[memoryBytes === null ? '' : bytesText(memoryBytes), status],
              ]),
              (line) => output.style('bold', line),
            ),
      );
    });
}

function logsCommand(context: CliContext) {
  const target = command({
    name: 'logs',
    summary: 'show what a service wrote',
    description: "Shows the journal of the service; --json gives journalctl's JSON lines.",
    examples: [['isobath service logs agent --name gateway-7 --follow', '']],
  });
  return target
    .addArgument(kindArgument())
    .option('--name <name>', 'name of the agent; default: all agents of this machine')
    .option('-f, --follow', 'go on as lines come')
    .option('-n, --lines <count>', 'how many of the last lines', '100')
    .action(async (kind: ServiceKind, options: PlaceFlags & { follow?: boolean; lines: string }) => {
      requireSystemd();
      const units = patterns(kind, options).flatMap((pattern) => ['--unit', pattern]);
      const follow = options.follow ? ['--follow'] : [];
      const format = context.output.json ? ['--output=json'] : [];
      await journal([...units, '--lines', options.lines, '--no-pager', ...follow, ...format]);
    });
}

function patterns(kind: ServiceKind | undefined, { name }: PlaceFlags): string[] {
  if (kind === undefined && name === undefined) return ['isobath-*.service'];
  if (kind === undefined || kind === 'agent') return [`isobath-agent@${name ?? '*'}.service`];
  return [`isobath-${kind}.service`];
}

function unitFor(kind: ServiceKind, { name, root = '' }: PlaceFlags): Unit {
  if (kind !== 'agent' && name !== undefined) {
    throw usage('--name is for agents.', `There is one ${kind} on a machine.`);
  }
  if (name !== undefined && topicName(name) !== name)
    throw IsobathError.of('ISO_ERR_TOPIC_INVALID', { name });
  if (root === '/') throw usage('--root / is this machine itself.', 'Leave it out.');
  return unitOf(kind, name ?? topicName(hostname()));
}

/** Settings as environment variables; each was checked as the service itself will check it. */
async function settingsFrom(kind: ServiceKind, options: InstallFlags): Promise<Map<string, string>> {
  const { broker, cluster, set = [] } = options;
  const given = [
    ...(broker === undefined ? [] : [`broker.url=${broker}`]),
    ...(cluster === undefined ? [] : [`cluster=${cluster}`]),
    ...set,
  ];
  const known = settingsOf(SCHEMAS[kind]);
  const settings = new Map<string, string>();
  for (const pair of given) {
    const [path = '', ...value] = pair.split('=');
    const found = known.find((each) => each.path === path);
    if (found === undefined || value.length === 0) {
      const all = known.map((each) => each.path).join(', ');
      throw usage(`--set ${pair} is no setting of the ${kind}.`, `Write SETTING=VALUE. There are: ${all}.`);
    }
    if (found.setting.sensitive) {
      throw usage(
        `--set ${path} would be readable by everybody.`,
        'Use --password-file, or /etc/isobath/credentials.',
      );
    }
    settings.set(variableOf(path), value.join('='));
  }
  await loadSettings(SCHEMAS[kind] as never, { environment: Object.fromEntries(settings) });
  return settings;
}

async function passwordFrom(unit: Unit, { passwordFile }: InstallFlags): Promise<string | undefined> {
  if (passwordFile === undefined) return undefined;
  if (unit.password === undefined) {
    throw usage(
      'The broker has users, not a password.',
      'Write them to /etc/isobath/credentials/users.yaml.',
    );
  }
  try {
    return (await readFile(passwordFile, 'utf8')).trim();
  } catch (error) {
    throw IsobathError.of(
      'ISO_ERR_CONFIG_UNREADABLE',
      { file: passwordFile, reason: reasonOf(error) },
      error,
    );
  }
}

/** Carries out, or says what would be done. */
async function finish(
  { output }: CliContext,
  actions: readonly Action[],
  { root = '', dryRun = false }: PlaceFlags,
  { unit, undo }: { readonly unit: string; readonly undo?: string },
): Promise<void> {
  if (!dryRun) {
    if (root === '') requireSystemd();
    if (root === '' && process.getuid?.() !== 0)
      throw IsobathError.of('ISO_ERR_SERVICE_PRIVILEGE', { path: '/etc' });
    await carryOut(actions, root);
  }
  const document = {
    unit,
    done: !dryRun,
    actions: actions.map(withoutSecret),
    ...(undo === undefined ? {} : { undo }),
  };
  output.result(document, () => {
    const lines = actions.map(textOf).join('\n');
    const after = undo === undefined ? [] : [`To undo this: ${undo}`];
    const head = dryRun ? `This would be done for ${unit}:` : `Done for ${unit}:`;
    return [head, lines, ...after].join('\n');
  });
}

function withoutSecret(action: Action): object {
  if (action.do !== 'write' || !action.path.includes('/credentials/')) return action;
  const { content: _, ...rest } = action;
  return rest;
}

/** The folder exists just where systemd runs as the service manager: sd_booted(3). */
function requireSystemd(): void {
  if (existsSync('/run/systemd/system')) return;
  throw IsobathError.of('ISO_ERR_SERVICE_MANAGER', {});
}

function journal(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('journalctl', args, { stdio: 'inherit' });
    const failed = (reason: string) =>
      reject(IsobathError.of('ISO_ERR_SERVICE_COMMAND', { command: `journalctl ${args.join(' ')}`, reason }));
    child.on('error', (error) => failed(error.message));
    child.on('close', (code) => (code === 0 || code === null ? resolve() : failed(`it ended with ${code}`)));
  });
}
