import type { PlacedShard } from '../../src/estimator/courses.ts';
import { FleetModel } from '../../src/estimator/fleet-model.ts';
import {
  type BrokerProfile,
  type ComputeProfile,
  type DeviceProfile,
  type FleetProfile,
  symmetricLink,
} from '../../src/estimator/profile.ts';
import type { Joined, Shard } from '../../src/partition/shard.ts';
import type { Work } from '../../src/partition/work.ts';

/** 1 ns per MAC, nothing else costs anything. */
export const COMPUTE: ComputeProfile = {
  secondsPerMac: { conv: [{ macs: 1, secondsPerMac: 1e-9 }] },
  secondsPerByte: 0,
  secondsPerRun: 0,
  copySecondsPerByte: 0,
};

export interface FleetSpec {
  readonly agents?: number;
  readonly compute?: Partial<ComputeProfile>;
  /** Bits per second of payload. */
  readonly rate?: number;
  readonly alpha?: number;
  readonly broker?: BrokerProfile;
  readonly fleet?: Partial<FleetProfile>;
}

export function modelOf(spec: FleetSpec = {}): FleetModel {
  return new FleetModel(fleetProfile(spec));
}

export function fleetProfile({ agents = 4, rate = 8e6, alpha = 0, ...spec }: FleetSpec): FleetProfile {
  const compute = { ...COMPUTE, ...spec.compute };
  const agent = (at: number): DeviceProfile => ({ id: `a${at}`, compute, link: symmetricLink(rate, alpha) });
  return {
    master: { id: 'master', compute },
    agents: Array.from({ length: agents }, (_, at) => agent(at)),
    broker: spec.broker ?? { kind: 'embedded' },
    chunkBytes: 1024,
    ...spec.fleet,
  };
}

export interface ShardSpec {
  readonly worker: string;
  readonly macs?: number;
  /** Bytes of the input; one that all shards share is called `shared`. */
  readonly input?: number;
  readonly shared?: number;
  readonly output?: number;
  readonly join?: Joined['join'];
}

/** A shard of facts alone: whoever builds its program to price it fails. */
export function placed(spec: ShardSpec): PlacedShard {
  const { worker, macs = 0, output = 0, join = 'place' } = spec;
  const work: Work[] = macs === 0 ? [] : [{ kind: 'conv3x3', macs, bytes: 0, filterBytes: 0 }];
  const ifm = [
    ...(spec.shared === undefined ? [] : [{ tensor: 'shared', size: spec.shared }]),
    ...(spec.input === undefined ? [] : [{ tensor: `own-${serial++}`, size: spec.input }]),
  ];
  const shard: Shard = {
    inputs: ifm.map(({ tensor, size }) => ({ tensor, region: [[0, size]] })),
    outputs: [{ tensor: 'ofm', region: [[0, output]], join }],
    macs,
    filterBytes: 0,
    work,
    inputBytes: ifm.map(({ size }) => size),
    outputBytes: [output],
    inputTypes: ifm.map(() => 'uint8'),
    outputTypes: ['uint8'],
    get program(): never {
      throw new Error('pricing built a program');
    },
  };
  return { worker, shard };
}

let serial = 0;
