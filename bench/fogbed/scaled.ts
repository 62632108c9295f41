import type { MeasuredCompute } from '../../src/estimator/measured.ts';
import { computeProfile } from '../../src/wire/messages/compute-profile.ts';

/** All times of these figures that are seconds of something. */
const PER = /^seconds(?:PerMac|PerByte|PerByteOf|PerRun|PerMessage)$|^copySecondsPerByte$/;

/**
 * What a device with a share of the processor takes on which `compute` was measured: everything takes longer by the same
 * factor. Measured through the quota the figures would be wrong, because most probes are shorter than what the quota
 * allows at once, and run at the full speed.
 */
export function scaledCompute(compute: MeasuredCompute, share: number): MeasuredCompute {
  const { measured: _, ...figures } = compute;
  const scaled = Object.entries(figures).map(([name, figure]) => [
    name,
    PER.test(name) ? times(figure, 1 / share) : figure,
  ]);
  const { measured } = compute;
  return computeProfile({ ...Object.fromEntries(scaled), ...(measured ? { measured } : {}) }, 'profile');
}

/** Every number of seconds in it: multiply-accumulates and spreads stay. */
function times(figure: unknown, factor: number): unknown {
  if (typeof figure === 'number') return figure * factor;
  if (Array.isArray(figure)) return figure.map((each) => times(each, factor));
  return Object.fromEntries(
    Object.entries(figure as object).map(([name, value]) => [
      name,
      name === 'macs' || name === 'spread' ? value : times(value, factor),
    ]),
  );
}
