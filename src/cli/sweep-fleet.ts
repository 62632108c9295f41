import { IsobathError } from '../base/errors.ts';
import { loadFleet, shippedDevices } from '../estimator/fleet-file.ts';
import type { FleetProfile } from '../estimator/profile.ts';
import { fleetOf } from '../estimator/sweep.ts';
import { usage } from './context.ts';

export interface SweepFleetFlags {
  readonly fleet?: string;
  readonly device?: string;
  readonly agents?: readonly number[];
  readonly link?: readonly string[];
}

/** The fleets of a sweep, and what it varies. */
export interface SweepFleets {
  /** For people. */
  readonly source: string;
  readonly agents: readonly number[];
  readonly links: readonly string[];
  fleetOf(agents: number, link: string): FleetProfile;
}

const QUICK = { device: 'raspberry-pi-4', agents: [1, 2, 4, 8, 16], links: ['100mbit', '1gbit'] };
/** The links of a fleet file as it is. */
const AS_DESCRIBED = 'as described';

/** Devices of one kind on links of several rates, or the first n agents of a fleet file on the links that it describes. */
export async function sweepFleets(flags: SweepFleetFlags): Promise<SweepFleets> {
  const { fleet: file, device = QUICK.device, agents = QUICK.agents, link: links = QUICK.links } = flags;
  if (file !== undefined) return fleetsOfFile(file, flags);
  const devices = await shippedDevices();
  const known = devices.get(device);
  if (!known) {
    const problems = `the device ${device} is unknown; known are: ${[...devices.keys()].join(', ')}`;
    throw IsobathError.of('ISO_ERR_FLEET_INVALID', { file: 'of this call', problems });
  }
  return { source: device, agents, links, fleetOf: (n, link) => fleetOf(known, n, link) };
}

async function fleetsOfFile(file: string, { device, agents, link }: SweepFleetFlags): Promise<SweepFleets> {
  const other = device === undefined ? link && 'link' : 'device';
  if (other) throw usage(`--fleet and --${other} cannot be given together.`, 'The fleet file names both.');
  const fleet = await loadFleet(file);
  const most = fleet.agents.length;
  const counts = agents ?? QUICK.agents.filter((n) => n < most).concat(most);
  const over = counts.find((n) => n > most);
  if (over !== undefined)
    throw usage(`${file} has ${most} agents, and --agents asks for ${over}.`, 'Ask for fewer.');
  return {
    source: file,
    agents: counts,
    links: [AS_DESCRIBED],
    fleetOf: (n) => ({ ...fleet, agents: fleet.agents.slice(0, n) }),
  };
}
