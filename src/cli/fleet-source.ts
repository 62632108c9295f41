import { IsobathError } from '../base/errors.ts';
import { loadFleet, shippedDevices } from '../estimator/fleet-file.ts';
import type { DeviceProfile, FleetProfile } from '../estimator/profile.ts';
import { fleetOf } from '../estimator/sweep.ts';
import { usage } from './context.ts';

/** How a command that plans is told of the fleet. */
export interface FleetFlags {
  readonly fleet?: string;
  readonly agents?: number;
  readonly device?: string;
  readonly link?: string;
  /** Bytes of filters that each agent may hold. */
  readonly limit?: number;
  readonly masterLimit?: number;
}

export interface KnownFleet {
  readonly fleet: FleetProfile;
  /** Where it is from, for people. */
  readonly source: string;
}

const QUICK = { agents: 4, device: 'raspberry-pi-4', link: '100mbit' };

/** The fleet to plan for, with the limits of the call. */
export async function fleetFrom(flags: FleetFlags): Promise<KnownFleet> {
  const { fleet, source } = await describedFleet(flags);
  return { source, fleet: limited(fleet, flags) };
}

/** Of a fleet file, or some devices of one kind on links of one rate. */
async function describedFleet(flags: FleetFlags): Promise<KnownFleet> {
  const { fleet: file, ...quick } = flags;
  if (file === undefined) return quickFleet(quick);
  const other = (['agents', 'device', 'link'] as const).find((name) => flags[name] !== undefined);
  if (other) throw usage(`--fleet and --${other} cannot be given together.`, 'The fleet file names both.');
  return { fleet: await loadFleet(file), source: file };
}

async function quickFleet(flags: FleetFlags): Promise<KnownFleet> {
  const { agents = QUICK.agents, device = QUICK.device, link = QUICK.link } = flags;
  const devices = await shippedDevices();
  const known = devices.get(device);
  if (!known) {
    const problems = `the device ${device} is unknown; known are: ${[...devices.keys()].join(', ')}`;
    throw IsobathError.of('ISO_ERR_FLEET_INVALID', { file: 'of this call', problems });
  }
  return { fleet: fleetOf(known, agents, link), source: `${agents} x ${device}, ${link}` };
}

function limited(fleet: FleetProfile, { limit, masterLimit }: FleetFlags): FleetProfile {
  const of = (device: DeviceProfile, bytes: number | undefined): DeviceProfile =>
    bytes === undefined ? device : { ...device, filterBytesLimit: bytes };
  return {
    ...fleet,
    master: of(fleet.master, masterLimit),
    agents: fleet.agents.map((agent) => of(agent, limit)),
  };
}
