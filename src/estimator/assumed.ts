import type { MeasuredCompute, MeasuredLink } from './measured.ts';
import { symmetricLink } from './profile.ts';

/** What one core of a small device does: assumed, near a Cortex-A72 at 1.5 GHz. */
const CORE_SECONDS_PER_MAC = 1 / 3e9;
/** Cores that share the memory gain less than they are. Assumed. */
const USEFUL_SHARE = 0.7;

/** For a device that nobody measured: figures of a Raspberry Pi 4, scaled by the cores. All of them are assumed. */
export function assumedCompute(threads: number): MeasuredCompute {
  const speed = 1 + USEFUL_SHARE * (threads - 1);
  const gamma = (slower: number) => [
    { macs: 1e5, secondsPerMac: slower * CORE_SECONDS_PER_MAC },
    { macs: 1e8, secondsPerMac: (slower * CORE_SECONDS_PER_MAC) / speed },
  ];
  return {
    secondsPerMac: {
      conv: gamma(1.2),
      conv3x3: gamma(1),
      conv1x1: gamma(1.2),
      depthwise: gamma(5),
      gemm: gamma(3),
    },
    secondsPerByte: 1 / 3e9,
    secondsPerRun: 4e-4,
    copySecondsPerByte: 1 / 5e8,
    secondsPerMessage: 2e-4,
  };
}

/** For a link that nobody measured: Ethernet of 100 Mbit/s. Assumed. */
export function assumedLink(): MeasuredLink {
  return symmetricLink(94e6, 5e-4);
}
