import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where a service keeps what outlives it. `auto` follows systemd (STATE_DIRECTORY), the file system hierarchy for
 * root, and the XDG base directories for everybody else; `leaf` tells services of one machine apart.
 */
export function stateDirectory(
  setting: string,
  leaf: string,
  environment: Readonly<Record<string, string | undefined>>,
  root = process.getuid?.() === 0,
): string {
  if (setting !== 'auto') return setting;
  const { STATE_DIRECTORY, XDG_STATE_HOME } = environment;
  // systemd gives several directories with colons between them.
  const given = STATE_DIRECTORY?.split(':')[0];
  if (given) return join(given, leaf);
  if (root) return join('/var/lib/isobath', leaf);
  return join(XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'isobath', leaf);
}
