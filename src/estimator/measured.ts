import type { WorkKind } from '../partition/work.ts';
import type {
  BrokerProfile,
  ComputeProfile,
  DeviceProfile,
  FleetProfile,
  GammaPoint,
  LinkProfile,
  OneWay,
} from './profile.ts';

/** How far measurements lie apart: their median absolute deviation as a share of their median. */
interface Spread {
  readonly spread?: number;
}

export type MeasuredPoint = GammaPoint & Spread;
export type MeasuredWay = OneWay & Spread;
export type MeasuredGamma = readonly MeasuredPoint[];

/** How a calibration went, for people: the estimator reads none of it. */
export interface ComputeMeasurement {
  /** γ the paper's way: the time of one whole convolution, divided by its multiply-accumulates. */
  readonly paper: MeasuredPoint;
  /** Spreads of the figures of the same name. */
  readonly secondsPerByte: number;
  readonly secondsPerRun: number;
  readonly copySecondsPerByte: number;
  readonly tookMs: number;
}

/** A compute profile as calibration gives it. Without `measured`, its figures are assumed. */
export interface MeasuredCompute extends ComputeProfile {
  readonly secondsPerMac: Readonly<
    Partial<Record<WorkKind, MeasuredGamma>> & { readonly conv: MeasuredGamma }
  >;
  readonly measured?: ComputeMeasurement;
}

/** A link as calibration gives it: without spreads, its figures are assumed. */
export interface MeasuredLink extends LinkProfile {
  readonly toAgent: MeasuredWay;
  readonly fromAgent: MeasuredWay;
  /** Absent where there was no other agent, or nobody tried. */
  readonly busy?: { readonly toAgent: MeasuredWay; readonly fromAgent: MeasuredWay };
}

export interface MeasuredDevice extends DeviceProfile {
  readonly compute: MeasuredCompute;
  readonly link?: MeasuredLink;
}

/** A fleet profile as the master keeps it. */
export interface MeasuredFleet extends FleetProfile {
  readonly master: MeasuredDevice;
  readonly agents: readonly MeasuredDevice[];
  readonly broker: BrokerProfile;
}
