import { readFile } from 'node:fs/promises';
import convict from 'convict';
import { parse } from 'yaml';
import { IsobathError, reasonOf } from '../base/errors.ts';
import { declared } from './declared.ts';
import { registerFormats } from './formats.ts';
import { isSetting, type SchemaNode, type SchemaOf, variableOf } from './schema.ts';

export interface SettingSources {
  /** A YAML file. */
  readonly file?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** By dotted path, from the command line. */
  readonly flags?: Readonly<Record<string, unknown>>;
}

/**
 * Settings from, in rising order of precedence, the schema's defaults, a YAML file, the environment and flags. Throws
 * one ISO_ERR_CONFIG_INVALID that names every mistake, or ISO_ERR_CONFIG_UNREADABLE.
 */
export async function loadSettings<T extends object>(
  schema: SchemaOf<T>,
  sources: SettingSources = {},
): Promise<T> {
  registerFormats();
  const { file, environment = {}, flags = {} } = sources;
  const problems: string[] = [];
  const content = file === undefined ? {} : await readYaml(file);
  const known = declared(schema as Readonly<Record<string, SchemaNode>>, content, problems);
  // An empty variable counts as unset, as in `ISOBATH_BROKER_URL= isobath agent`.
  const env = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value),
  ) as NodeJS.ProcessEnv;
  const config = convict(withVariables(schema as never) as convict.Schema<T>, { env, args: [] });
  config.load(known);
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
  try {
    return parse(await readFile(file, 'utf8')) ?? {};
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = missing ? 'there is no such file' : reasonOf(error);
    throw IsobathError.of('ISO_ERR_CONFIG_UNREADABLE', { file, reason }, error);
  }
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
