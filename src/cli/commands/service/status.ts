import { command } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { statusOf } from '../../systemd/status.ts';
import type { ServiceKind } from '../../systemd/unit.ts';
import { bytesText, table } from '../../table.ts';
import { kindArgument, type PlaceFlags, patterns, requireSystemd } from './place.ts';

/** `isobath service status` */
export function statusCommand(context: CliContext) {
  const target = command({
    name: 'status',
    summary: 'show how the services of this machine are',
    description: 'Shows whether each service runs and starts at boot, and what it says of itself.',
    examples: [['isobath service status --json', '']],
  });
  return target
    .addArgument(kindArgument().argOptional())
    .option('--name <name>', 'only the agent of this name')
    .action(async (kind: ServiceKind | undefined, options: PlaceFlags) => {
      requireSystemd();
      const services = await statusOf(patterns(kind, options));
      const { output } = context;
      output.result({ services }, () =>
        services.length === 0
          ? 'No service of Isobath is installed here: isobath service install'
          : table(
              ['Unit', 'State', 'At boot', 'Restarts', 'Memory', 'Status'].map((title) => ({ title })),
              services.map(({ unit, active, sub, enabled, restarts, memoryBytes, status }) => [
                ...[unit, `${active} (${sub})`, enabled ? 'yes' : 'no', String(restarts)],
                ...[memoryBytes === null ? '' : bytesText(memoryBytes), status],
              ]),
              (line) => output.style('bold', line),
            ),
      );
    });
}
