import { Command, CommanderError } from 'commander';
import { IsobathError } from '../base/errors.ts';
import { PROGRAM_VERSION } from '../base/version.ts';
import { type CommandBuilder, quiet, usageError } from './command.ts';
import { agentCommand } from './commands/agent.ts';
import { brokerCommand } from './commands/broker.ts';
import { calibrateCommand } from './commands/calibrate.ts';
import { demoCommand } from './commands/demo.ts';
import { enginesCommand } from './commands/engines.ts';
import { importCommand } from './commands/import.ts';
import { inferCommand } from './commands/infer.ts';
import { inspectCommand } from './commands/inspect.ts';
import { masterCommand } from './commands/master.ts';
import { modelsCommand } from './commands/models.ts';
import { planCommand } from './commands/plan.ts';
import { serviceCommand } from './commands/service.ts';
import { simulateCommand } from './commands/simulate.ts';
import { verifyCommand } from './commands/verify.ts';
import type { CliContext } from './context.ts';
import { Interrupted, Lifetime } from './lifetime.ts';
import { Output } from './output.ts';

/** Every sub-command, in the order of `--help`. */
const COMMANDS: readonly CommandBuilder[] = [
  demoCommand,
  inferCommand,
  verifyCommand,
  inspectCommand,
  importCommand,
  planCommand,
  simulateCommand,
  modelsCommand,
  enginesCommand,
  calibrateCommand,
  masterCommand,
  agentCommand,
  brokerCommand,
  serviceCommand,
];

const EXIT = { fine: 0, failed: 1, usage: 2, taken: 3 } as const;

/**
 * Another process has the name: to start again would not help, as the units of systemd know by the exit code. Who lost it while
 * it served is started again, and asks: what a stranger wrote under its name costs no more than that.
 */
const TAKEN: ReadonlySet<string> = new Set(['ISO_ERR_AGENT_DUPLICATE', 'ISO_ERR_MASTER_DUPLICATE']);

/** Carries out one call of the program and gives its exit code: 0 fine, 1 failed, 2 called wrongly, 3 its name is taken. */
export async function run(args: readonly string[], program: string): Promise<number> {
  const lifetime = new Lifetime();
  const output = outputFor(args);
  const context: CliContext = { program, environment: process.env, output, lifetime };
  let exitCode: number;
  try {
    await lifetime.interruptible(rootCommand(context).parseAsync(args, { from: 'user' }));
    exitCode = EXIT.fine;
  } catch (error) {
    exitCode = error instanceof Interrupted && lifetime.isService ? EXIT.fine : report(error, output, args);
    if (exitCode === EXIT.taken && lifetime.hasServed) exitCode = EXIT.failed;
  }
  await lifetime.end();
  output.end();
  return exitCode;
}

function outputFor(args: readonly string[]): Output {
  // Known before commander parses: its errors are to be JSON, too.
  const end = args.indexOf('--');
  const given = new Set(end < 0 ? args : args.slice(0, end));
  const streams = { out: process.stdout, err: process.stderr, environment: process.env };
  return new Output(streams, { json: given.has('--json'), debug: given.has('--debug') });
}

function rootCommand(context: CliContext): Command {
  const root = quiet(new Command('isobath'))
    .description(
      'Runs one CNN inference on several fog devices: layers are cut along their depth, shards travel over MQTT.\n' +
        'Begin with `isobath demo`.',
    )
    // `isobath import --version 3` means another version
    .enablePositionalOptions()
    .version(PROGRAM_VERSION, '-V, --version', 'print the version')
    .addHelpText(
      'after',
      '\n`isobath COMMAND --help` teaches one command. Exit codes: 0 fine, 1 failed, 2 usage, 3 name taken.',
    );
  for (const build of COMMANDS) root.addCommand(build(context));
  return root;
}

function report(error: unknown, output: Output, args: readonly string[]): number {
  if (error instanceof Interrupted) return error.exitCode;
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.fine;
    // Called without a command: the help was printed.
    if (error.code === 'commander.help') return EXIT.usage;
    const named = args.find((arg) => !arg.startsWith('-'));
    output.error(usageError(error, error.code === 'commander.unknownCommand' ? undefined : named));
    return EXIT.usage;
  }
  const coded = IsobathError.from(error);
  output.error(coded);
  if (TAKEN.has(coded.code)) return EXIT.taken;
  return coded.code === 'ISO_ERR_USAGE' ? EXIT.usage : EXIT.failed;
}
