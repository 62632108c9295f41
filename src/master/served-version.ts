import { IsobathError } from '../base/errors.ts';
import type { OfferedVersion } from './catalogue.ts';
import type { ModelService } from './model-service.ts';

/** Says nothing of the version: the request was wrong, or the way to the broker was lost. */
const NOT_ITS_FAULT: ReadonlySet<string> = new Set([
  'ISO_ERR_INPUT_MISMATCH',
  'ISO_ERR_INPUT_NOT_FOUND',
  'ISO_ERR_INPUT_UNREADABLE',
  'ISO_ERR_MANIFEST_NEEDED',
  'ISO_ERR_REQUEST_INVALID',
  'ISO_ERR_MODEL_NOT_READY',
  'ISO_ERR_BUS_OFFLINE',
  'ISO_ERR_BUS_CLOSED',
]);
/** So many requests in a row that fail are no accident. */
const FAILURES_IN_A_ROW = 3;

/** A version of a model with the service that runs it. It is stopped when the last request that began on it has ended. */
export class ServedVersion {
  readonly offer: OfferedVersion;
  readonly service: ModelService;
  #uses = 0;
  #whenIdle: () => void = () => undefined;
  #failures = 0;
  #onFailing: ((error: IsobathError) => void) | undefined;

  constructor(offer: OfferedVersion, service: ModelService) {
    this.offer = offer;
    this.service = service;
  }

  /** Tells, once, when three requests in a row failed by no fault of theirs. */
  watch(onFailing: (error: IsobathError) => void): void {
    this.#onFailing = onFailing;
  }

  unwatch(): void {
    this.#onFailing = undefined;
  }

  async run<T>(work: (service: ModelService) => Promise<T>): Promise<T> {
    this.#uses += 1;
    try {
      const result = await work(this.service);
      this.#failures = 0;
      return result;
    } catch (error) {
      this.#count(IsobathError.from(error));
      throw error;
    } finally {
      this.#uses -= 1;
      if (this.#uses === 0) this.#whenIdle();
    }
  }

  async retire(): Promise<void> {
    this.unwatch();
    if (this.#uses > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    await this.service.stop();
  }

  #count(error: IsobathError): void {
    if (NOT_ITS_FAULT.has(error.code)) return;
    this.#failures += 1;
    if (this.#failures < FAILURES_IN_A_ROW || !this.#onFailing) return;
    const { model } = this.service;
    const details = { model: model.name, version: this.offer.version, failures: this.#failures };
    const told = this.#onFailing;
    this.unwatch();
    told(
      IsobathError.of('ISO_ERR_VERSION_FAILED', { ...details, reason: `${error.code}: ${error.message}` }),
    );
  }
}
