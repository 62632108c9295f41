import type { Command } from 'commander';
import { createLogger } from '../base/create-logger.ts';
import { IsobathError } from '../base/errors.ts';
import { LOG_LEVELS, type Logger } from '../base/logger.ts';
import type { LogSettings } from '../config/groups.ts';
import { loadSettings } from '../config/load.ts';
import type { SchemaOf } from '../config/schema.ts';
import type { Bus } from '../transport/bus.ts';
import { hiddenOption } from './command.ts';
import type { CliContext } from './context.ts';
import { Notifier } from './systemd/notifier.ts';

/** Options that all services have; `--with-parent` is for the processes that `demo` and `verify` start. */
export function serviceOptions(target: Command): Command {
  return target
    .option('-c, --config <file>', 'YAML file; config/ holds annotated samples')
    .option('--log-level <level>', `least severe level that is written: ${LOG_LEVELS.join(', ')}`)
    .option('--log-format <format>', 'text or json')
    .addOption(hiddenOption('--with-parent'));
}

export interface ServiceFlags {
  readonly config?: string;
  readonly logLevel?: string;
  readonly logFormat?: string;
  readonly withParent?: boolean;
}

export interface Begun<T> {
  readonly settings: T;
  readonly logger: Logger;
  readonly notifier: Notifier;
}

/** The service's settings, its log, its line to systemd, and signals as its usual end. `flags` by setting. */
export async function beginService<T extends { readonly log: LogSettings }>(
  context: CliContext,
  schema: SchemaOf<T>,
  options: ServiceFlags,
  flags: Readonly<Record<string, unknown>>,
): Promise<Begun<T>> {
  const { lifetime, environment, output } = context;
  lifetime.asService();
  if (options.withParent) lifetime.followParent();
  const logFlags = { 'log.level': options.logLevel, 'log.format': options.logFormat };
  const settings = await loadSettings(schema, {
    ...(options.config === undefined ? {} : { file: options.config }),
    ...(environment.CREDENTIALS_DIRECTORY ? { credentials: environment.CREDENTIALS_DIRECTORY } : {}),
    environment,
    flags: { ...flags, ...logFlags },
  });
  const { level, format } = settings.log;
  const logger = createLogger({ level: output.debug ? 'debug' : level, format });
  const notifier = new Notifier(environment, logger);
  lifetime.defer(() => notifier.stopping());
  void lifetime.asked().then(() => notifier.stopping());
  return { settings, logger, notifier };
}

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;

/** Starts; while the broker is away or refuses, says so and tries again: at boot, services come up in any order. */
export async function startPatiently(
  { lifetime }: CliContext,
  { logger, notifier }: Pick<Begun<unknown>, 'logger' | 'notifier'>,
  start: () => Promise<void>,
): Promise<void> {
  notifier.status('Starting');
  for (let pauseMs = FIRST_PAUSE_MS; !lifetime.ending; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    try {
      return await start();
    } catch (error) {
      const { code, message, cure } = IsobathError.from(error);
      if (code !== 'ISO_ERR_BROKER_UNREACHABLE' && code !== 'ISO_ERR_BROKER_REFUSED') throw error;
      logger.warn({ code, retryMs: pauseMs }, `${message} ${cure} Trying again.`);
      notifier.status(`${code}: ${message} Trying again.`);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

/** systemd is told when the connection of a running service is lost, and when it is back. */
export function toldOf<B extends Bus>(bus: B, notifier: Notifier): B {
  bus.onState((state) => (state === 'online' ? notifier.restored() : notifier.lost()));
  return bus;
}

/** Never resolves: the end of a service is a signal. */
export function untilAsked(): Promise<never> {
  return new Promise(() => undefined);
}
