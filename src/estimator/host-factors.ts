import { WORK_KINDS as KINDS, type WorkKind } from '../partition/work.ts';
import type { ComputeProfile, DeviceProfile, FleetProfile, Gamma, LinkProfile, OneWay } from './profile.ts';

/**
 * What can be wrong about a machine on which several parties run. Each was measured while the others were silent; in
 * service they take cores, caches and memory from one another, and wait for a turn on a core.
 */
export const HOST_TERMS = [
  /** All computing of the agents, and of the master. */
  'agentCompute',
  'masterCompute',
  /** One run of an engine, whatever it computes. */
  'agentRun',
  'masterRun',
  /** Bytes, and messages, in event loops. */
  'copy',
  'message',
  /** Messages, and bytes, between two parties. */
  'toAgentMessage',
  'toAgentByte',
  'fromAgentMessage',
  'fromAgentByte',
] as const;
export type HostTerm = (typeof HOST_TERMS)[number];

/** By term, or by kind of operator beyond that; 1 where one is absent. */
export type HostFactors = Readonly<Partial<Record<HostTerm | WorkKind, number>>>;

/** Everything on the machine takes so many times longer than by `factors`. */
export function atPace(factors: HostFactors, pace: number): HostFactors {
  const all = HOST_TERMS.map((term) => [term, pace * (factors[term] ?? 1)]);
  return { ...factors, ...Object.fromEntries(all) };
}

/** `fleet` with the times of all parties on the machine `host` multiplied. */
export function onHost<F extends FleetProfile>(fleet: F, host: string, factors: HostFactors): F {
  const of = <D extends DeviceProfile>(device: D, byMaster: boolean): D => {
    if (device.host?.id !== host) return device;
    const compute = scaledCompute(device.compute, factors, byMaster);
    return device.link
      ? { ...device, compute, link: scaledLink(device.link, factors) }
      : { ...device, compute };
  };
  const agents = fleet.agents.map((agent) => of(agent, false));
  return { ...fleet, master: of(fleet.master, true), agents };
}

function scaledCompute(compute: ComputeProfile, factors: HostFactors, byMaster: boolean): ComputeProfile {
  const { secondsPerMac, secondsPerByte, secondsPerByteOf, secondsPerRun, copySecondsPerByte } = compute;
  const { agentCompute = 1, masterCompute = 1, agentRun = 1, masterRun = 1, copy = 1, message = 1 } = factors;
  const all = byMaster ? masterCompute : agentCompute;
  const macs: Partial<Record<WorkKind, Gamma>> & { conv: Gamma } = {
    conv: scaledGamma(secondsPerMac.conv, all * (factors.conv ?? 1)),
  };
  const bytes: Partial<Record<WorkKind, number>> = {};
  for (const kind of KINDS) {
    const by = all * (factors[kind] ?? 1);
    const gamma = secondsPerMac[kind];
    if (gamma || factors[kind] !== undefined) macs[kind] = scaledGamma(gamma ?? secondsPerMac.conv, by);
    bytes[kind] = (secondsPerByteOf?.[kind] ?? secondsPerByte) * by;
  }
  return {
    ...compute,
    secondsPerMac: macs,
    secondsPerByte: secondsPerByte * all,
    secondsPerByteOf: bytes,
    secondsPerRun: secondsPerRun * (byMaster ? masterRun : agentRun),
    copySecondsPerByte: copySecondsPerByte * copy,
    ...(compute.secondsPerMessage === undefined
      ? {}
      : { secondsPerMessage: compute.secondsPerMessage * message }),
  };
}

function scaledGamma(gamma: Gamma, by: number): Gamma {
  return gamma.map((point) => ({ ...point, secondsPerMac: point.secondsPerMac * by }));
}

function scaledLink(link: LinkProfile, factors: HostFactors): LinkProfile {
  const { toAgentMessage = 1, toAgentByte = 1, fromAgentMessage = 1, fromAgentByte = 1 } = factors;
  const to = (way: OneWay) => ({ ...way, alpha: way.alpha * toAgentMessage, beta: way.beta * toAgentByte });
  const from = (way: OneWay) => ({
    ...way,
    alpha: way.alpha * fromAgentMessage,
    beta: way.beta * fromAgentByte,
  });
  const both = ({ toAgent, fromAgent }: Pick<LinkProfile, 'toAgent' | 'fromAgent'>) => ({
    toAgent: to(toAgent),
    fromAgent: from(fromAgent),
  });
  return { ...link, ...both(link), ...(link.busy ? { busy: both(link.busy) } : {}) };
}
