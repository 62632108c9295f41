import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { IsobathError, reasonOf } from '../../../base/errors.ts';
import { loadSettings } from '../../../config/load.ts';
import { settingsOf, variableOf } from '../../../config/schema.ts';
import { command } from '../../command.ts';
import { type CliContext, usage } from '../../context.ts';
import { several } from '../../option-values.ts';
import { topicName } from '../../served-name.ts';
import { installActions } from '../../systemd/install.ts';
import { SCHEMAS, type ServiceKind, type Unit } from '../../systemd/unit.ts';
import { finish, type PlaceFlags, placed, unitFor } from './place.ts';

interface InstallFlags extends PlaceFlags {
  readonly broker?: string;
  readonly cluster?: string;
  readonly set?: readonly string[];
  readonly passwordFile?: string;
}

/** `isobath service install` */
export function installCommand(context: CliContext) {
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
