import type { Command } from 'commander';
import { type ClientSettings, clientSchema } from '../config/client.ts';
import { loadSettings } from '../config/load.ts';
import type { CliContext } from './context.ts';

export interface ClientFlags {
  readonly broker?: string;
  readonly cluster?: string;
  readonly config?: string;
  readonly timeout?: string;
}

/** Options of commands that speak to a running master. */
export function clientOptions(target: Command): Command {
  return target
    .option('--broker <url>', 'broker of a running master, as mqtt://host:1883')
    .option('--cluster <name>', 'cluster of that master')
    .option('--timeout <ms>', 'milliseconds until a request without an answer has failed')
    .option('-c, --config <file>', 'YAML file, as config/client.yaml');
}

/** True where the user named a broker, by flag or in the environment. */
export function hasBroker({ environment }: CliContext, { broker, config }: ClientFlags): boolean {
  return Boolean(broker ?? config ?? environment['ISOBATH_BROKER_URL']);
}

/** Settings of the client, from all sources. */
export function clientSettings({ environment }: CliContext, flags: ClientFlags): Promise<ClientSettings> {
  return loadSettings(clientSchema, {
    environment,
    ...(flags.config === undefined ? {} : { file: flags.config }),
    flags: { 'broker.url': flags.broker, cluster: flags.cluster, 'request.timeoutMs': flags.timeout },
  });
}
