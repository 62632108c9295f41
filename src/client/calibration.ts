import { randomUUID } from 'node:crypto';
import { IsobathError } from '../base/errors.ts';
import type { MeasuredFleet } from '../estimator/measured.ts';
import { decodeMessage, encodeMessage } from '../wire/codec.ts';
import { VERSION } from '../wire/messages/common.ts';
import { CALIBRATION_RESULT, type CalibrationRequest } from '../wire/messages/fleet.ts';
import { type Connection, untilAnswered } from './ask.ts';

export interface CalibrationOptions extends Omit<CalibrationRequest, 'v'> {
  /** Default 600000 ms. */
  readonly timeoutMs?: number;
}

/** Sixty agents one after another take some seconds each, and so do their links. */
const TIMEOUT_MS = 600_000;

/** Throws ISO_ERR_REQUEST_TIMEOUT, ISO_ERR_MASTER_STOPPED, and what the master answers. */
export function requestCalibration(
  connection: Connection,
  { timeoutMs = TIMEOUT_MS, ...wanted }: CalibrationOptions,
): Promise<MeasuredFleet> {
  const { topics } = connection;
  const request = randomUUID();
  const message: CalibrationRequest = { v: VERSION, ...wanted };
  return untilAnswered<MeasuredFleet>(connection, {
    request,
    timeoutMs,
    answers: topics.calibrated(request),
    question: { topic: topics.calibrate(request), payload: encodeMessage(message) },
    read: (topic, payload) => {
      const result = decodeMessage(CALIBRATION_RESULT, topic, payload);
      if (result.type === 'failed') throw IsobathError.revive(result.error);
      return result.fleet;
    },
  });
}
