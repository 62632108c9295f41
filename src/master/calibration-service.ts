import { IsobathError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Service } from '../base/service.ts';
import type { Bus } from '../transport/bus.ts';
import { liveOnly } from '../transport/live-only.ts';
import { decodeMessage, encodeMessage } from '../wire/codec.ts';
import { VERSION } from '../wire/messages/common.ts';
import {
  CALIBRATION_REQUEST,
  type CalibrationRequest,
  type CalibrationResult,
} from '../wire/messages/fleet.ts';
import { parseTopic } from '../wire/parse-topic.ts';
import type { Topics } from '../wire/topics.ts';
import type { FleetProfiles } from './fleet-profile.ts';

export interface CalibrationServiceOptions {
  readonly bus: Bus;
  readonly topics: Topics;
  readonly logger: Logger;
  readonly profiles: FleetProfiles;
}

/** Calibrates the cluster when a client asks. Who asks while it does so gets the same answer. */
export class CalibrationService implements Service {
  readonly #options: CalibrationServiceOptions;
  #unsubscribe: (() => Promise<void>) | undefined;
  #running: Promise<CalibrationResult> | undefined;

  constructor(options: CalibrationServiceOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { bus, topics, logger } = this.#options;
    const onRequest = (topic: string, payload: Uint8Array) => {
      const address = parseTopic(topics.cluster, topic);
      if (address?.kind !== 'calibrate') return;
      const request = decodeMessage(CALIBRATION_REQUEST, topic, payload);
      void this.#answer(address.request, request);
    };
    this.#unsubscribe = await bus.subscribe(topics.everyCalibrate(), liveOnly(logger, onRequest), { qos: 1 });
  }

  async stop(): Promise<void> {
    await this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  async #answer(id: string, request: CalibrationRequest): Promise<void> {
    const { bus, topics } = this.#options;
    this.#running ??= this.#calibrate(request).finally(() => {
      this.#running = undefined;
    });
    const result = encodeMessage(await this.#running);
    await bus.publish(topics.calibrated(id), result, { qos: 1 }).catch(() => undefined);
  }

  async #calibrate({ v: _, ...wanted }: CalibrationRequest): Promise<CalibrationResult> {
    try {
      const fleet = await this.#options.profiles.calibrate(wanted);
      return { v: VERSION, type: 'calibrated', fleet };
    } catch (cause) {
      const error = IsobathError.from(cause);
      this.#options.logger.error({ code: error.code }, error.message);
      return { v: VERSION, type: 'failed', error: error.toJSON() };
    }
  }
}
