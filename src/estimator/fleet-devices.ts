import { WORK_KINDS, type WorkKind } from '../partition/work.ts';
import type { Fields } from './fields.ts';
import type { ComputeProfile, Gamma } from './profile.ts';
import { AMOUNT, BYTE_RATE, DURATION, SIZE, SPEED } from './quantities.ts';

/** A kind of device, as fleet files name it. */
export interface Device {
  readonly compute: ComputeProfile;
  readonly filterBytesLimit?: number;
}

export type Devices = ReadonlyMap<string, Device>;

/**
 *     raspberry-pi-4:
 *       speed:  { conv: 15gflops, depthwise: [{ macs: 1M, speed: 2gflops }, { macs: 50M, speed: 5gflops }] }
 *       memory: 4.8GB/s      copy: 1GB/s      run: 0.3ms      message: 0.1ms      filters: 2GB
 */
export function readDevices(fields: Fields): Map<string, Device> {
  return new Map(fields.keys.map((name) => [name, readDevice(fields.child(name))]));
}

function readDevice(fields: Fields): Device {
  const speed = fields.child('speed');
  const gammas: Partial<Record<WorkKind, Gamma>> = {};
  for (const kind of WORK_KINDS) if (speed.get(kind) !== undefined) gammas[kind] = readGamma(speed, kind);
  if (!gammas.conv) speed.problem('conv', 'is missing; it must be like 20gflops');
  speed.end();
  const secondsPerMessage = fields.quantity('message', DURATION);
  const filterBytesLimit = fields.quantity('filters', SIZE);
  const compute: ComputeProfile = {
    secondsPerMac: { ...gammas, conv: gammas.conv ?? [] },
    secondsPerByte: 1 / fields.needed('memory', BYTE_RATE),
    secondsPerRun: fields.quantity('run', DURATION) ?? 0,
    copySecondsPerByte: 1 / fields.needed('copy', BYTE_RATE),
    ...(secondsPerMessage === undefined ? {} : { secondsPerMessage }),
  };
  fields.end();
  return { compute, ...(filterBytesLimit === undefined ? {} : { filterBytesLimit }) };
}

/** A speed for every size, or speeds by the MACs of one node. */
function readGamma(speed: Fields, kind: string): Gamma {
  if (!Array.isArray(speed.get(kind))) {
    return [{ macs: 1, secondsPerMac: 2 / speed.needed(kind, SPEED) }];
  }
  const points = speed.children(kind).map((point) => {
    const read = { macs: point.needed('macs', AMOUNT), secondsPerMac: 2 / point.needed('speed', SPEED) };
    point.end();
    return read;
  });
  if (points.length === 0) speed.problem(kind, 'is an empty list');
  if (points.some(({ macs }, at) => at > 0 && macs <= points[at - 1]!.macs))
    speed.problem(kind, 'must be in rising order of macs');
  return points;
}
