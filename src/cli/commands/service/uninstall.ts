import { command } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { uninstallActions } from '../../systemd/install.ts';
import type { ServiceKind } from '../../systemd/unit.ts';
import { finish, type PlaceFlags, placed, unitFor } from './place.ts';

/** `isobath service uninstall` */
export function uninstallCommand(context: CliContext) {
  const target = command({
    name: 'uninstall',
    summary: 'stop, disable and remove a service',
    description:
      'Stops the service and removes its unit. Settings, secrets and filters stay, unless --purge is given.',
    examples: [['isobath service uninstall agent --name gateway-7 --purge', 'leaves nothing']],
  });
  return placed(target)
    .option('--purge', 'remove settings, secrets and state, too')
    .action(async (kind: ServiceKind, options: PlaceFlags & { readonly purge?: boolean }) => {
      const unit = unitFor(kind, options);
      const actions = await uninstallActions(unit, options.root ?? '', options.purge === true);
      await finish(context, actions, options, { unit: unit.id });
    });
}
