import { IsobathError } from '../base/errors.ts';
import { loadFleet, shippedDevices } from '../estimator/fleet-file.ts';
import type { DeviceProfile, FleetProfile } from '../estimator/profile.ts';
import { fleetOf } from '../estimator/sweep.ts';
import type { ClientFlags } from './client-options.ts';
import { type CliContext, usage } from './context.ts';
import { liveFleet } from './live-fleet.ts';

/** How a command that plans is told of the fleet. */
export interface FleetFlags extends ClientFlags {
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
  /** What is neither described nor measured, in words. */
  readonly assumed?: readonly string[];
}

const QUICK = { agents: 4, device: 'raspberry-pi-4', link: '100mbit' };

/** The fleet to plan for, with the limits of the call. */
export async function fleetFrom(context: CliContext, flags: FleetFlags): Promise<KnownFleet> {
  const { fleet, ...rest } = await (isLive(flags) ? fleetOnBroker(context, flags) : describedFleet(flags));
  return { ...rest, fleet: limited(fleet, flags) };
}

function isLive({ broker, cluster, config }: FleetFlags): boolean {
  return Boolean(broker ?? cluster ?? config);
}

/** The agents that are online on a broker. */
async function fleetOnBroker(context: CliContext, flags: FleetFlags): Promise<KnownFleet> {
  const other = (['fleet', 'agents', 'device', 'link'] as const).find((name) => flags[name] !== undefined);
  if (other) {
    throw usage(`--broker and --${other} cannot be given together.`, 'The live fleet is as it is.');
  }
  const { fleet, url, assumed } = await liveFleet(context, flags);
  return { fleet, source: `${fleet.agents.length} agents on ${url}`, assumed };
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
