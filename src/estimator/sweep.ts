import { IsobathError } from '../base/errors.ts';
import type { Device } from './fleet-devices.ts';
import { DEFAULT_CHUNK_BYTES, MASTER_ID } from './fleet-file.ts';
import { DEFAULT_ALPHA, ETHERNET_PAYLOAD } from './fleet-links.ts';
import { type FleetProfile, portOf, symmetricLink } from './profile.ts';
import { BIT_RATE } from './quantities.ts';

/** TCP gets 20 to 25 of the 54 Mbit/s of 802.11g (super-unix.com, 802.11g throughput; half is the rule of thumb). */
const WIFI_PAYLOAD = 0.42;

/**
 * A fleet of n agents and a master of one device, for sweeps. `link` is the rate of every cable, the master's too, as in
 * `100mbit`; or of an air that all share, as in `wifi:54mbit`.
 */
export function fleetOf(device: Device, agents: number, link: string): FleetProfile {
  const [, air, rate] = /^(wifi:)?(.*)$/.exec(link)!;
  const bits = BIT_RATE.read(rate!);
  if (!bits || !Number.isInteger(agents) || agents < 0) {
    const problems = `a link is ${link} and must be like ${BIT_RATE.like}, or wifi:54mbit; agents are ${agents}`;
    throw IsobathError.of('ISO_ERR_FLEET_INVALID', { file: 'of the sweep', problems });
  }
  const payload = air ? WIFI_PAYLOAD : ETHERNET_PAYLOAD;
  const profile = symmetricLink(bits * payload, DEFAULT_ALPHA);
  return {
    master: { id: MASTER_ID, ...device },
    agents: Array.from({ length: agents }, (_, at) => ({ id: `agent-${at + 1}`, ...device, link: profile })),
    broker: { kind: 'embedded' },
    chunkBytes: DEFAULT_CHUNK_BYTES,
    ...(air ? { sharedMedium: { beta: 8 / (bits * payload) } } : { masterPort: portOf(bits * payload) }),
  };
}
