import { pino } from 'pino';
import { pretty } from './pretty-log.ts';

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What the layers below the command line may write: an object of facts first, then a sentence. */
export interface Logger {
  error(facts: object, text: string): void;
  warn(facts: object, text: string): void;
  info(facts: object, text: string): void;
  debug(facts: object, text: string): void;
  child(facts: object): Logger;
}

export interface LoggerOptions {
  readonly level?: LogLevel;
  /** `json`: one object a line, for collectors; `text`: one readable line. */
  readonly format?: 'json' | 'text';
}

/** Logs go to standard error: standard output belongs to results. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const { level = 'info', format = 'text' } = options;
  return pino({ level, base: null }, format === 'json' ? pino.destination({ fd: 2, sync: true }) : pretty());
}

/** For callers that want none, tests above all. */
export const silentLogger: Logger = {
  error() {},
  warn() {},
  info() {},
  debug() {},
  child: () => silentLogger,
};
