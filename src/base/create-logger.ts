import { pino } from 'pino';
import type { Logger, LogLevel } from './logger.ts';
import { pretty } from './pretty-log.ts';

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
