import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';

/**
 * A name that all processes of one machine give alike, in containers too, and those of another machine do not: parties
 * that share a host share its cores. It is a hash, and says nothing of the machine.
 */
export function hostId(): string {
  return createHash('sha256').update(machine()).digest('hex').slice(0, 16);
}

/** Linux: the kernel's boot, which its containers share. Elsewhere: name and network cards. */
function machine(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    const cards = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    const macs = cards.filter(({ internal }) => !internal).map(({ mac }) => mac);
    return [hostname(), ...new Set(macs.sort())].join(' ');
  }
}
