import type { ErrorJson } from '../../base/errors.ts';
import type { SharedLimits } from '../../estimator/link-fit.ts';
import type { MeasuredDevice, MeasuredFleet, MeasuredLink, MeasuredWay } from '../../estimator/measured.ts';
import type { BrokerProfile, HostProfile, PortProfile } from '../../estimator/profile.ts';
import { amount, flag, integer, list, literal, object, optional, rate, tagged, text } from '../check.ts';
import { nameCheck } from '../names.ts';
import { errorJson, type MessageKind, type Version, version } from './common.ts';
import { computeProfile } from './compute-profile.ts';

/** Retained on `master/fleet`: all that the master knows of the speed of its cluster. */
export interface FleetReport {
  readonly v: Version;
  readonly fleet: MeasuredFleet;
}

/** On `master/calibrate/<request>`, QoS 1: measure everything again. */
export interface CalibrationRequest {
  readonly v: Version;
  /** Let each link sleep so long, to see what waking it takes. Left out: this is not measured. */
  readonly silenceMs?: number;
  /** Agents of different machines measure their devices at the same time. */
  readonly together?: boolean;
}

/** On `master/calibrated/<request>`, QoS 1. */
export type CalibrationResult =
  | { readonly v: Version; readonly type: 'calibrated'; readonly fleet: MeasuredFleet }
  | { readonly v: Version; readonly type: 'failed'; readonly error: ErrorJson };

/** What the master keeps on disk. */
export interface LinkBook {
  readonly links: readonly { readonly agent: string; readonly link: MeasuredLink }[];
  readonly masterLink?: MeasuredLink;
  readonly limits: SharedLimits;
}

const way = object<MeasuredWay>({ alpha: amount, beta: amount, spread: optional(amount) });
const port = object<PortProfile>({ betaOut: amount, betaIn: amount });
const busy = object<NonNullable<MeasuredLink['busy']>>({ toAgent: way, fromAgent: way });
const linkProfile = object<MeasuredLink>({
  toAgent: way,
  fromAgent: way,
  busy: optional(busy),
  wakeSeconds: optional(amount),
  onSharedMedium: optional(flag),
});

const medium = object<NonNullable<MeasuredFleet['sharedMedium']>>({ beta: rate(1) });

export const LINK_BOOK: MessageKind<LinkBook> = {
  name: 'link figures',
  check: object<LinkBook>({
    links: list(object<LinkBook['links'][number]>({ agent: nameCheck, link: linkProfile }), 16_384),
    masterLink: optional(linkProfile),
    limits: object<SharedLimits>({ masterPort: optional(port), sharedMedium: optional(medium) }),
  }),
};

const host = object<HostProfile>({ id: text(64), cores: integer(1), threads: integer(1) });

const device = object<MeasuredDevice>({
  id: nameCheck,
  compute: computeProfile,
  host: optional(host),
  filterBytesLimit: optional(amount),
  link: optional(linkProfile),
});

const fleet = object<MeasuredFleet>({
  master: device,
  agents: list(device, 1024),
  broker: tagged<BrokerProfile>('kind', {
    embedded: object<Extract<BrokerProfile, { kind: 'embedded' }>>({ kind: literal('embedded') }),
    external: object<Extract<BrokerProfile, { kind: 'external' }>>({
      kind: literal('external'),
      masterLink: linkProfile,
      port: optional(port),
    }),
  }),
  masterPort: optional(port),
  sharedMedium: optional(medium),
  chunkBytes: integer(1),
});

export const FLEET_REPORT: MessageKind<FleetReport> = {
  name: 'fleet report',
  check: object<FleetReport>({ v: version, fleet }),
};

export const CALIBRATION_REQUEST: MessageKind<CalibrationRequest> = {
  name: 'calibration request',
  check: object<CalibrationRequest>({
    v: version,
    silenceMs: optional(integer(0, 60_000)),
    together: optional(flag),
  }),
};

export const CALIBRATION_RESULT: MessageKind<CalibrationResult> = {
  name: 'calibration result',
  check: tagged<CalibrationResult>('type', {
    calibrated: object<Extract<CalibrationResult, { type: 'calibrated' }>>({
      v: version,
      type: literal('calibrated'),
      fleet,
    }),
    failed: object<Extract<CalibrationResult, { type: 'failed' }>>({
      v: version,
      type: literal('failed'),
      error: errorJson,
    }),
  }),
};
