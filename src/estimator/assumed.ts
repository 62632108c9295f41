import type { MeasuredCompute, MeasuredLink } from './measured.ts';
import { type FleetProfile, symmetricLink } from './profile.ts';

/** What one core of a small device does: assumed, near a Cortex-A72 at 1.5 GHz. */
const CORE_SECONDS_PER_MAC = 1 / 3e9;
/** Cores that share the memory gain less than they are. Assumed. */
const USEFUL_SHARE = 0.7;

/**
 * For a device that nobody measured: figures of a Raspberry Pi 4, scaled by the cores and by the weight that its owner
 * gave it. All of them are assumed.
 */
export function assumedCompute(threads: number, weight = 1): MeasuredCompute {
  const speed = 1 + USEFUL_SHARE * (threads - 1);
  const gamma = (slower: number) => [
    { macs: 1e5, secondsPerMac: (slower * CORE_SECONDS_PER_MAC) / weight },
    { macs: 1e8, secondsPerMac: (slower * CORE_SECONDS_PER_MAC) / (speed * weight) },
  ];
  return {
    secondsPerMac: {
      conv: gamma(1.2),
      conv3x3: gamma(1),
      conv1x1: gamma(1.2),
      depthwise: gamma(5),
      gemm: gamma(3),
    },
    secondsPerByte: 1 / (3e9 * weight),
    secondsPerRun: 4e-4 / weight,
    copySecondsPerByte: 1 / (5e8 * weight),
    secondsPerMessage: 2e-4 / weight,
  };
}

/** For a link that nobody measured: Ethernet of 100 Mbit/s. Assumed. */
export function assumedLink(): MeasuredLink {
  return symmetricLink(94e6, 5e-4);
}

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
  return {
    master: { id: masterId, compute: assumedCompute(1) },
    agents: workers.map(({ id, weight }) => ({
      id,
      compute: assumedCompute(1, weight),
      link: assumedLink(),
    })),
    broker: { kind: 'embedded' },
    chunkBytes,
  };
}
