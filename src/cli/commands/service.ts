import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
import { installCommand } from './service/install.ts';
import { logsCommand } from './service/logs.ts';
import { statusCommand } from './service/status.ts';
import { uninstallCommand } from './service/uninstall.ts';

/** `isobath service`: agents, master and broker as services of systemd. */
export function serviceCommand(context: CliContext) {
  const group = command({
    name: 'service',
    summary: 'install agent, master or broker as a service of systemd',
    description:
      'Makes agent, master or broker a service that starts at boot, is restarted when it fails or hangs, and runs as a ' +
      'user of its own with no rights that it does not need. install can be called again: it changes what differs.',
    examples: [
      ['sudo isobath service install agent --name gateway-7 --broker mqtt://master:1883', ''],
      ['isobath service install master --dry-run', 'says what it would do'],
      ['isobath service status', 'of all services of this machine'],
    ],
  });
  for (const build of [installCommand, uninstallCommand, statusCommand, logsCommand]) {
    group.addCommand(build(context));
  }
  return group;
}
