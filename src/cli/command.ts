import { Command, type CommanderError, Option } from 'commander';
import { type CliContext, usage } from './context.ts';

export interface CommandText {
  readonly name: string;
  readonly summary: string;
  /** What `--help` teaches: what the command does, and when to use it. */
  readonly description: string;
  /** Shown below the options. */
  readonly examples: readonly (readonly [call: string, effect: string])[];
}

/** Adds one sub-command to `program`. */
export type CommandBuilder = (context: CliContext) => Command;

/** A sub-command as all are: coded usage errors, `--json`, `--debug`, examples. */
export function command({ name, summary, description, examples }: CommandText): Command {
  const lines = examples.map(([call, effect]) => `  ${call}\n      ${effect}`);
  return quiet(new Command(name))
    .summary(summary)
    .description(description)
    .option('--json', 'print one JSON document, errors too')
    .option('--debug', 'log everything, and show where errors come from')
    .addHelpText('after', lines.length === 0 ? '' : `\nExamples:\n${lines.join('\n')}`);
}

/** Commander throws instead of ending the process, and leaves errors to us. */
export function quiet(target: Command): Command {
  return target
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .showSuggestionAfterError(true);
}

/** An option for our own processes, not shown in help. */
export function hiddenOption(flags: string): Option {
  return new Option(flags).hideHelp();
}

/** A mistake that commander found, as a coded error. */
export function usageError(error: CommanderError, commandName: string | undefined) {
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const problem = first.charAt(0).toUpperCase() + first.slice(1).replace(/\.?$/, '.');
  const help = `\`isobath ${commandName ? `${commandName} ` : ''}--help\` shows how it is called.`;
  const hint = rest.join(' ').replace(/^\(|\)$/g, '');
  return usage(problem, hint ? `${hint} ${help}` : help);
}
