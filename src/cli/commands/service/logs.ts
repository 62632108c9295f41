import { spawn } from 'node:child_process';
import { IsobathError } from '../../../base/errors.ts';
import { command } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import type { ServiceKind } from '../../systemd/unit.ts';
import { kindArgument, type PlaceFlags, patterns, requireSystemd } from './place.ts';

/** `isobath service logs` */
export function logsCommand(context: CliContext) {
  const target = command({
    name: 'logs',
    summary: 'show what a service wrote',
    description: "Shows the journal of the service; --json gives journalctl's JSON lines.",
    examples: [['isobath service logs agent --name gateway-7 --follow', '']],
  });
  return target
    .addArgument(kindArgument())
    .option('--name <name>', 'name of the agent; default: all agents of this machine')
    .option('-f, --follow', 'go on as lines come')
    .option('-n, --lines <count>', 'how many of the last lines', '100')
    .action(async (kind: ServiceKind, options: PlaceFlags & { follow?: boolean; lines: string }) => {
      requireSystemd();
      const units = patterns(kind, options).flatMap((pattern) => ['--unit', pattern]);
      const follow = options.follow ? ['--follow'] : [];
      const format = context.output.json ? ['--output=json'] : [];
      await journal([...units, '--lines', options.lines, '--no-pager', ...follow, ...format]);
    });
}

function journal(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('journalctl', args, { stdio: 'inherit' });
    const failed = (reason: string) =>
      reject(IsobathError.of('ISO_ERR_SERVICE_COMMAND', { command: `journalctl ${args.join(' ')}`, reason }));
    child.on('error', (error) => failed(error.message));
    child.on('close', (code) => (code === 0 || code === null ? resolve() : failed(`it ended with ${code}`)));
  });
}
