import { randomUUID } from 'node:crypto';
import { IsobathError } from '../base/errors.ts';
import type { MeasuredFleet } from '../estimator/measured.ts';
import type { Bus } from '../transport/bus.ts';
import { decodeMessage, encodeMessage } from '../wire/codec.ts';
import { VERSION } from '../wire/messages/common.ts';
import { CALIBRATION_RESULT, type CalibrationRequest } from '../wire/messages/fleet.ts';
import type { Topics } from '../wire/topics.ts';
import type { MasterWatch } from './master-watch.ts';

interface Connection {
  readonly bus: Bus;
  readonly topics: Topics;
  readonly watch: MasterWatch;
}

export interface CalibrationOptions extends Omit<CalibrationRequest, 'v'> {
  /** Default 600000 ms. */
  readonly timeoutMs?: number;
}

/** Sixty agents one after another take some seconds each, and so do their links. */
const TIMEOUT_MS = 600_000;

/** Throws ISO_ERR_REQUEST_TIMEOUT, ISO_ERR_MASTER_STOPPED, and what the master answers. */
export async function requestCalibration(
  { bus, topics, watch }: Connection,
  { timeoutMs = TIMEOUT_MS, ...wanted }: CalibrationOptions,
): Promise<MeasuredFleet> {
  const request = randomUUID();
  const undo: (() => unknown)[] = [];
  try {
    return await new Promise<MeasuredFleet>((resolve, reject) => {
      const seconds = Math.ceil(timeoutMs / 1000);
      const late = () => reject(IsobathError.of('ISO_ERR_REQUEST_TIMEOUT', { request, seconds }));
      const timer = setTimeout(late, timeoutMs);
      undo.push(() => clearTimeout(timer));
      undo.push(watch.onOffline(() => reject(IsobathError.of('ISO_ERR_MASTER_STOPPED', { request }))));
      const onResult = (topic: string, payload: Uint8Array) => {
        const result = decodeMessage(CALIBRATION_RESULT, topic, payload);
        if (result.type === 'calibrated') resolve(result.fleet);
        else reject(IsobathError.revive(result.error));
      };
      const message: CalibrationRequest = { v: VERSION, ...wanted };
      const ask = async () => {
        undo.push(await bus.subscribe(topics.calibrated(request), onResult, { qos: 1 }));
        await bus.publish(topics.calibrate(request), encodeMessage(message), { qos: 1 });
      };
      ask().catch(reject);
    });
  } finally {
    for (const step of undo.reverse()) void step();
  }
}
