import { type FleetProfile, symmetricLink } from './profile.ts';

/** Figures of the order of a Raspberry Pi 4 on 100 Mbit/s Ethernet: assumed, for devices that nobody has measured. */
const ASSUMED = {
  secondsPerMac: 1e-10,
  secondsPerByte: 2.5e-10,
  secondsPerRun: 1e-4,
  copySecondsPerByte: 5e-10,
  bitsPerSecond: 9.4e7,
  alpha: 5e-4,
};

export interface AssumedWorker {
  readonly id: string;
  /** Relative compute capacity. */
  readonly weight: number;
}

/** A fleet of which only the relative capacities are known. The master counts as a device of weight 1. */
export function assumedFleet(
  masterId: string,
  workers: readonly AssumedWorker[],
  chunkBytes: number,
): FleetProfile {
  const compute = (weight: number) => ({
    secondsPerMac: { conv: [{ macs: 1e6, secondsPerMac: ASSUMED.secondsPerMac / weight }] },
    secondsPerByte: ASSUMED.secondsPerByte / weight,
    secondsPerRun: ASSUMED.secondsPerRun / weight,
    copySecondsPerByte: ASSUMED.copySecondsPerByte / weight,
  });
  const link = symmetricLink(ASSUMED.bitsPerSecond, ASSUMED.alpha);
  return {
    master: { id: masterId, compute: compute(1) },
    agents: workers.map(({ id, weight }) => ({ id, compute: compute(weight), link })),
    broker: { kind: 'embedded' },
    chunkBytes,
  };
}
