import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { Argument, type Command } from 'commander';
import { IsobathError } from '../../../base/errors.ts';
import { type CliContext, usage } from '../../context.ts';
import { topicName } from '../../served-name.ts';
import { type Action, carryOut, textOf } from '../../systemd/action.ts';
import { SERVICES, type ServiceKind, type Unit, unitOf } from '../../systemd/unit.ts';

export interface PlaceFlags {
  readonly name?: string;
  readonly root?: string;
  readonly dryRun?: boolean;
}

export const kindArgument = () => new Argument('<service>', 'agent, master or broker').choices(SERVICES);

/** Options of the sub-commands that change a machine. */
export function placed(target: Command): Command {
  return target
    .addArgument(kindArgument())
    .option('--name <name>', 'name of the agent; default: the host name')
    .option(
      '--root <directory>',
      'a folder that stands for /, as the card of another machine; starts nothing',
    )
    .option('--dry-run', 'say what would be done, and do nothing');
}

/** Units that systemctl and journalctl are asked for. */
export function patterns(kind: ServiceKind | undefined, { name }: PlaceFlags): string[] {
  if (kind === undefined && name === undefined) return ['isobath-*.service'];
  if (kind === undefined || kind === 'agent') return [`isobath-agent@${name ?? '*'}.service`];
  return [`isobath-${kind}.service`];
}

export function unitFor(kind: ServiceKind, { name, root = '' }: PlaceFlags): Unit {
  if (kind !== 'agent' && name !== undefined) {
    throw usage('--name is for agents.', `There is one ${kind} on a machine.`);
  }
  if (name !== undefined && topicName(name) !== name)
    throw IsobathError.of('ISO_ERR_TOPIC_INVALID', { name });
  if (root === '/') throw usage('--root / is this machine itself.', 'Leave it out.');
  return unitOf(kind, name ?? topicName(hostname()));
}

/** Carries out, or says what would be done. */
export async function finish(
  { output }: CliContext,
  actions: readonly Action[],
  { root = '', dryRun = false }: PlaceFlags,
  { unit, undo }: { readonly unit: string; readonly undo?: string },
): Promise<void> {
  if (!dryRun) {
    if (root === '') requireSystemd();
    if (root === '' && process.getuid?.() !== 0)
      throw IsobathError.of('ISO_ERR_SERVICE_PRIVILEGE', { path: '/etc' });
    await carryOut(actions, root);
  }
  const document = {
    unit,
    done: !dryRun,
    actions: actions.map(withoutSecret),
    ...(undo === undefined ? {} : { undo }),
  };
  output.result(document, () => {
    const lines = actions.map(textOf).join('\n');
    const after = undo === undefined ? [] : [`To undo this: ${undo}`];
    const head = dryRun ? `This would be done for ${unit}:` : `Done for ${unit}:`;
    return [head, lines, ...after].join('\n');
  });
}

function withoutSecret(action: Action): object {
  if (action.do !== 'write' || !action.path.includes('/credentials/')) return action;
  const { content: _, ...rest } = action;
  return rest;
}

/** The folder exists just where systemd runs as the service manager: sd_booted(3). */
export function requireSystemd(): void {
  if (existsSync('/run/systemd/system')) return;
  throw IsobathError.of('ISO_ERR_SERVICE_MANAGER', {});
}
