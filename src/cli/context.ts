import { createLogger } from '../base/create-logger.ts';
import { IsobathError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Lifetime } from './lifetime.ts';
import type { Output } from './output.ts';

/** What every command is given. */
export interface CliContext {
  /** Path of this program, for the processes that it starts. */
  readonly program: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly output: Output;
  readonly lifetime: Lifetime;
}

/** Log of commands that are not services: their results and errors say what there is to say. */
export function quietLogger({ output }: CliContext): Logger {
  return createLogger({ level: output.debug ? 'debug' : 'silent' });
}

/** A mistake in how the program was called. */
export function usage(problem: string, hint: string): IsobathError {
  return IsobathError.of('ISO_ERR_USAGE', { problem, hint });
}
