import type { WorkKind } from '../partition/work.ts';
import type { ComputeProbe } from './compute-probes.ts';
import type { MeasuredCompute, MeasuredPoint } from './measured.ts';
import { median, quantile, relativeSpread } from './statistics.ts';

/** What the runs of one probe took. */
export interface ProbeTimes {
  readonly probe: ComputeProbe;
  /** Inside the engine. */
  readonly computeMs: readonly number[];
  /** From the call to its result, with queueing. */
  readonly wholeMs: readonly number[];
}

export interface Probed {
  /** One run right after the other. */
  readonly empty: readonly ProbeTimes[];
  /** Empty, too, each after some silence. */
  readonly rested: ProbeTimes;
  /** In rising order of work for each kind. */
  readonly timed: readonly ProbeTimes[];
  /** Seconds per byte, one for each try. */
  readonly copies: readonly number[];
  readonly tookMs: number;
}

/** The least of a run's time that counts as its work: the price of a run is no surer than that. */
const LEAST_SHARE = 0.1;
/** A coarse clock may say 0, but nothing is free. */
const LEAST_SECONDS = 1e-12;

/**
 * A compute profile from the times of probes, by medians. A probe's work is its time inside the engine beyond that of
 * an empty run.
 */
export function profileFrom({ empty, rested, timed, copies, tookMs }: Probed): MeasuredCompute {
  const emptyMs = median(empty.flatMap(({ computeMs }) => computeMs));
  const works = timed.map(({ probe, computeMs }) => {
    const seconds = computeMs.map((ms) => Math.max(ms - emptyMs, ms * LEAST_SHARE) / 1000 / probe.nodes);
    return { probe, seconds: median(seconds), spread: relativeSpread(seconds) };
  });
  const points = new Map<WorkKind, MeasuredPoint[]>();
  for (const { probe, seconds, spread } of works) {
    if (probe.macs === 0) continue;
    const { macs, kind } = probe;
    points.set(kind, [...(points.get(kind) ?? []), { macs, secondsPerMac: seconds / macs, spread }]);
  }
  const largest = (kind: WorkKind) => works.findLast(({ probe }) => probe.kind === kind)!;
  const perByte = (kind: WorkKind) => largest(kind).seconds / largest(kind).probe.bytes;
  const whole = timed.findLast(({ probe }) => probe.kind === 'conv3x3')!;
  const { macs } = whole.probe;
  const paperSeconds = whole.computeMs.map((ms) => ms / 1000);
  return {
    secondsPerMac: { conv: [], ...Object.fromEntries(points) },
    // The filters of the largest fully connected layer are read once each: as fast as the memory gives them.
    secondsPerByte: perByte('gemm'),
    secondsPerByteOf: { elementwise: perByte('elementwise'), pool: perByte('pool') },
    secondsPerRun: Math.max(LEAST_SECONDS, runMs(rested) / 1000),
    copySecondsPerByte: Math.max(LEAST_SECONDS, median(copies)),
    measured: {
      paper: {
        macs,
        secondsPerMac: median(paperSeconds) / macs,
        spread: relativeSpread(paperSeconds),
      },
      secondsPerByte: largest('gemm').spread,
      secondsPerRun: relativeSpread(rested.wholeMs),
      copySecondsPerByte: relativeSpread(copies),
      tookMs,
    },
  };
}

/** The way into the engine and back is what most runs at most take: some wait behind the shards of others. */
function runMs({ wholeMs, computeMs }: ProbeTimes): number {
  const ways = wholeMs.map((ms, at) => ms - computeMs[at]!);
  return median(computeMs) + Math.max(0, quantile(ways, 0.25));
}
