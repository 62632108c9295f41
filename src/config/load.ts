import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import convict from 'convict';
import { parse } from 'yaml';
import { IsobathError, reasonOf } from '../base/errors.ts';
import { declared } from './declared.ts';
import { registerFormats } from './formats.ts';
import { isSetting, type SchemaNode, type SchemaOf, settingsOf, variableOf } from './schema.ts';

export interface SettingSources {
  /** A YAML file. */
  readonly file?: string;
  /** A folder with one file for each secret, named by the setting's path, as systemd's LoadCredential= makes it. */
  readonly credentials?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** By dotted path, from the command line. */
  readonly flags?: Readonly<Record<string, unknown>>;
}

/**
 * Settings from, in rising order of precedence, the schema's defaults, a YAML file, credentials, the environment and
 * flags. Throws one ISO_ERR_CONFIG_INVALID that names every mistake, or ISO_ERR_CONFIG_UNREADABLE.
 */
export async function loadSettings<T extends object>(
  schema: SchemaOf<T>,
  sources: SettingSources = {},
): Promise<T> {
  registerFormats();
  const { file, credentials, environment = {}, flags = {} } = sources;
  const problems: string[] = [];
  const content = file === undefined ? {} : await readYaml(file);
  const known = declared(schema as Readonly<Record<string, SchemaNode>>, content, problems);
  // An empty variable counts as unset, as in `ISOBATH_BROKER_URL= isobath agent`.
  const env = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value),
  ) as NodeJS.ProcessEnv;
  const config = convict(withVariables(schema as never) as convict.Schema<T>, { env, args: [] });
  config.load(known);
  const secrets = credentials === undefined ? {} : await readCredentials(schema, credentials, env);
  for (const [path, value] of Object.entries(secrets)) config.set(path, value as never);
  for (const [path, value] of Object.entries(flags))
    if (value !== undefined) config.set(path, value as never);
  try {
    config.validate({ allowed: 'strict' });
  } catch (error) {
    problems.push(...(error as Error).message.split('\n'));
  }
  if (problems.length > 0) {
    const list = problems.length === 1 ? problems[0]! : problems.map((problem) => `\n- ${problem}`).join('');
    throw IsobathError.of('ISO_ERR_CONFIG_INVALID', { problems: list });
  }
  return config.getProperties();
}

async function readYaml(file: string): Promise<unknown> {
  return parsed(file, (await textOf(file)) ?? unreadable(file, 'there is no such file')) ?? {};
}

/** Undefined where there is no such file. */
async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? undefined
      : unreadable(file, reasonOf(error), error);
  }
}

function parsed(file: string, text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    return unreadable(file, reasonOf(error), error);
  }
}

function unreadable(file: string, reason: string, cause?: unknown): never {
  throw IsobathError.of('ISO_ERR_CONFIG_UNREADABLE', { file, reason }, cause);
}

/** Secrets by their setting's path. An empty file counts as none: units name credentials that need not be filled in. */
async function readCredentials(
  schema: object,
  folder: string,
  environment: NodeJS.ProcessEnv,
): Promise<Record<string, unknown>> {
  const secrets: Record<string, unknown> = {};
  for (const { path, setting } of settingsOf(schema)) {
    if (!setting.sensitive || environment[variableOf(path)]) continue;
    const file = join(folder, path);
    const text = ((await textOf(file)) ?? '').trim();
    if (text !== '') secrets[path] = typeof setting.default === 'string' ? text : parsed(file, text);
  }
  return secrets;
}

/** The schema as convict wants it, each setting with its environment variable. */
function withVariables(schema: Readonly<Record<string, SchemaNode>>, prefix = ''): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(schema).map(([key, node]) => {
      const path = prefix + key;
      if (!isSetting(node)) return [key, withVariables(node, `${path}.`)];
      return [key, { ...node, env: variableOf(path) }];
    }),
  );
}
