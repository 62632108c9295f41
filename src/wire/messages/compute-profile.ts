import type { ComputeMeasurement, MeasuredCompute, MeasuredPoint } from '../../estimator/measured.ts';
import type { ComputeProfile } from '../../estimator/profile.ts';
import { amount, type Check, list, object, optional, rate, refuse } from '../check.ts';

/** No device that is worth a plan is slower: 1 ms for a multiply-accumulate, or for a byte. */
const SLOWEST = 1e-3;
const MAX_RUN_SECONDS = 60;
const MAX_POINTS = 64;

const point = object<MeasuredPoint>({
  macs: rate(Number.MAX_SAFE_INTEGER),
  secondsPerMac: rate(SLOWEST),
  spread: optional(amount),
});

const gamma: Check<MeasuredPoint[]> = (value, path) => {
  const points = list(point, MAX_POINTS)(value, path);
  if (points.length === 0) return refuse(path, 'has no items');
  const falls = points.findIndex(({ macs }, at) => at > 0 && macs <= points[at - 1]!.macs);
  return falls > 0 ? refuse(`${path}[${falls}].macs`, 'is not above the one before it') : points;
};

const perByte = rate(SLOWEST);

/** What an agent says of its own speed. A wrong figure would make a wrong plan, so each is bounded. */
export const computeProfile: Check<MeasuredCompute> = object<MeasuredCompute>({
  secondsPerMac: object<MeasuredCompute['secondsPerMac']>({
    conv3x3: optional(gamma),
    conv1x1: optional(gamma),
    conv: gamma,
    depthwise: optional(gamma),
    gemm: optional(gamma),
    pool: optional(gamma),
    elementwise: optional(gamma),
    other: optional(gamma),
  }),
  secondsPerByte: perByte,
  secondsPerByteOf: optional(
    object<NonNullable<ComputeProfile['secondsPerByteOf']>>({
      conv3x3: optional(perByte),
      conv1x1: optional(perByte),
      conv: optional(perByte),
      depthwise: optional(perByte),
      gemm: optional(perByte),
      pool: optional(perByte),
      elementwise: optional(perByte),
      other: optional(perByte),
    }),
  ),
  secondsPerRun: rate(MAX_RUN_SECONDS),
  copySecondsPerByte: perByte,
  secondsPerMessage: optional(rate(MAX_RUN_SECONDS)),
  measured: optional(
    object<ComputeMeasurement>({
      paper: point,
      secondsPerByte: amount,
      secondsPerRun: amount,
      copySecondsPerByte: amount,
      tookMs: amount,
    }),
  ),
});
