import type { WorkKind } from '../partition/work.ts';

/** Seconds per MAC, as measured on a node of this many MACs. */
export interface GammaPoint {
  readonly macs: number;
  readonly secondsPerMac: number;
}

/** Points of one operator kind in rising order of `macs`. Between them γ is interpolated, beyond them it is constant. */
export type Gamma = readonly GammaPoint[];

/** How fast a device computes. SI seconds and bytes. */
export interface ComputeProfile {
  /** γ by operator kind. A kind that is absent takes that of `conv`. */
  readonly secondsPerMac: Readonly<Partial<Record<WorkKind, Gamma>> & { readonly conv: Gamma }>;
  /** Where memory is the limit: fully connected layers, elementwise operators, pooling. */
  readonly secondsPerByte: number;
  /** Of operators that use the memory less well than `secondsPerByte` says: they write, or read with strides. */
  readonly secondsPerByteOf?: Readonly<Partial<Record<WorkKind, number>>>;
  /** Fixed cost of one run of the engine. */
  readonly secondsPerRun: number;
  /** Slicing, reassembling, placing and summing, outside the engine. */
  readonly copySecondsPerByte: number;
  /** Handing over or taking one message, in the event loop: one after another, whichever agent it is for. Default 0. */
  readonly secondsPerMessage?: number;
}

/** One direction of a link. */
export interface OneWay {
  /** α: seconds per message (a chunk is a message). */
  readonly alpha: number;
  /** β: seconds per byte. */
  readonly beta: number;
}

/** Between an agent, or the master, and the broker. */
export interface LinkProfile {
  readonly toAgent: OneWay;
  readonly fromAgent: OneWay;
  /** Waking a sleeping radio, once per stage. Default 0. */
  readonly wakeSeconds?: number;
  /** False for an agent on a cable in a fleet that has a shared medium. Default true. */
  readonly onSharedMedium?: boolean;
  /** While the links of all other agents carry the same. */
  readonly busy?: { readonly toAgent: OneWay; readonly fromAgent: OneWay };
}

/** The machine that a party runs on, where several may run on one: they share its cores. */
export interface HostProfile {
  readonly id: string;
  readonly cores: number;
  /** Cores that the party's engine keeps busy. */
  readonly threads: number;
}

export interface DeviceProfile {
  readonly id: string;
  readonly compute: ComputeProfile;
  /** Absent: a machine of its own. */
  readonly host?: HostProfile;
  /** The most that the agent can hold of filters. Default: no limit. */
  readonly filterBytesLimit?: number;
  /** Absent for the master. */
  readonly link?: LinkProfile;
}

/** β of a network card, each way. */
export interface PortProfile {
  readonly betaOut: number;
  readonly betaIn: number;
}

export type BrokerProfile =
  /** In the master's process: it sends a shared region once to every agent. */
  | { readonly kind: 'embedded' }
  /** Elsewhere: the master sends a shared region once, the broker sends it to every agent. */
  | {
      readonly kind: 'external';
      /** Between the master and the broker: `toAgent` is towards the broker. */
      readonly masterLink: LinkProfile;
      /** The broker's own network card, shared by all agents. Default: no limit. */
      readonly port?: PortProfile;
    };

/** All that the estimator knows of a cluster. */
export interface FleetProfile {
  /** Its id is that of the worker which is the master's own device. */
  readonly master: DeviceProfile;
  readonly agents: readonly DeviceProfile[];
  readonly broker: BrokerProfile;
  /** The master's own network card, shared by all agents. Default: no limit. */
  readonly masterPort?: PortProfile;
  /** Wi-Fi: all transmissions of all agents, both ways, share it. */
  readonly sharedMedium?: { readonly beta: number };
  /** A region travels in messages of at most this many bytes. */
  readonly chunkBytes: number;
}

/** A link whose two directions are alike, `bitsPerSecond` of payload. */
export function symmetricLink(bitsPerSecond: number, alpha = 0): LinkProfile {
  const way: OneWay = { alpha, beta: 8 / bitsPerSecond };
  return { toAgent: way, fromAgent: way };
}

export function portOf(bitsPerSecond: number): PortProfile {
  return { betaOut: 8 / bitsPerSecond, betaIn: 8 / bitsPerSecond };
}
