import { Emitter } from '../base/emitter.ts';
import { IsobathError } from '../base/errors.ts';
import type { LoadMarks } from '../base/load-marks.ts';
import type { Logger } from '../base/logger.ts';
import type { OfferedVersion } from './catalogue.ts';
import { type Guard, type ModelEvents, type ModelService, notReady } from './model-service.ts';
import type { ServedModel } from './served-model.ts';
import { ServedVersion } from './served-version.ts';

export interface VersionedModelOptions {
  readonly name: string;
  /** Makes what keeps one version deployed. */
  readonly serviceFor: (model: ServedModel, guard: Guard) => ModelService;
  /** Of versions that are loaded for the first time. */
  readonly marks: LoadMarks;
  readonly logger: Logger;
  /** For so long after a switch, a version that fails is left again. Default 300000 ms. */
  readonly watchMs?: number;
}

export interface ModelStatus {
  readonly name: string;
  /** `deploying`: none serves yet; `failed`: nothing is left to try until a file changes. */
  readonly state: 'serving' | 'deploying' | 'failed';
  /** That serves. */
  readonly version?: string;
  /** That is made ready to take its place. */
  readonly next?: string;
  readonly model?: ServedModel;
  readonly agents: number;
  readonly error?: IsobathError;
  /** Versions that are not tried again until their files change, and why. */
  readonly refused: readonly { readonly version: string; readonly error: IsobathError }[];
  readonly leftOut: ReadonlyMap<string, IsobathError>;
}

type VersionedEvents = ModelEvents & {
  /** What `status` tells. */
  changed: { readonly model: string };
};

/** Neither the model's fault nor an agent's: the deployment is tried again as it is. */
const PASSING: ReadonlySet<string> = new Set([
  'ISO_ERR_BUS_OFFLINE',
  'ISO_ERR_BUS_CLOSED',
  'ISO_ERR_DEPLOY_FAILED',
]);

/** No other fleet makes it better. */
const HOPELESS: ReadonlySet<string> = new Set(['ISO_ERR_GOLDEN_MISMATCH', 'ISO_ERR_VERSION_DEADLY']);

/**
 * Serves the newest version of a model that proves itself. The next one is loaded, deployed and checked while the running
 * one serves, then requests move over; one that fails is refused until its files change.
 */
export class VersionedModel extends Emitter<VersionedEvents> {
  readonly #options: VersionedModelOptions;
  #offers: readonly OfferedVersion[] = [];
  readonly #refused = new Map<string, { version: string; error: IsobathError }>();
  #serving: ServedVersion | undefined;
  #candidate: { readonly offer: OfferedVersion; service?: ModelService; error?: IsobathError } | undefined;
  /** To return to, as long as the version that serves is watched. */
  #before: OfferedVersion | undefined;
  #watch: NodeJS.Timeout | undefined;
  /** Ends the wait for the candidate. */
  #withdraw: () => void = () => undefined;
  readonly #retiring = new Set<Promise<void>>();
  #work: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: VersionedModelOptions) {
    super();
    this.#options = options;
  }

  get service(): ModelService | undefined {
    return this.#serving?.service;
  }

  get status(): ModelStatus {
    const { name } = this.#options;
    const service = this.#serving?.service ?? this.#candidate?.service;
    const refused = [...this.#refused.values()];
    const error = this.#candidate?.error ?? service?.error ?? refused[0]?.error;
    return {
      name,
      state: this.#serving ? 'serving' : this.#candidate ? 'deploying' : 'failed',
      ...(this.#serving ? { version: this.#serving.offer.version } : {}),
      ...(this.#candidate ? { next: this.#candidate.offer.version } : {}),
      ...(service ? { model: service.model } : {}),
      agents: this.#serving?.service.deployment?.agents.length ?? 0,
      ...(error ? { error } : {}),
      refused,
      leftOut: service?.leftOut ?? new Map(),
    };
  }

  /** What there is now, the newest first; moves to the newest that is not refused. */
  offer(versions: readonly OfferedVersion[]): void {
    this.#offers = versions;
    const known = new Set(
      [...versions, this.#serving?.offer, this.#before].map((each) => each && keyOf(each)),
    );
    for (const key of this.#refused.keys()) if (!known.has(key)) this.#refused.delete(key);
    const { offer, error } = this.#candidate ?? {};
    // one that cannot be deployed holds up nobody
    if (offer && (error || !versions.some((each) => same(each, offer)))) this.#withdraw();
    this.#advance();
  }

  /** Versions that did not fit the fleet may fit a larger one. */
  fleetGrew(): void {
    for (const [key, { error }] of this.#refused) {
      if (error.code === 'ISO_ERR_PLAN_MEMORY') this.#refused.delete(key);
    }
    this.#advance();
  }

  /** Runs a request on the version that serves now, to its end. Throws ISO_ERR_MODEL_NOT_READY, and what `work` throws. */
  async run<T>(work: (service: ModelService) => Promise<T>): Promise<T> {
    if (!this.#serving) throw notReady(this.#options.name, this.status.error);
    return this.#serving.run(work);
  }

  /** Requests that run end first. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#watch);
    this.#withdraw();
    const serving = this.#serving;
    this.#serving = undefined;
    await Promise.all([this.#work, serving?.retire(), ...this.#retiring]);
  }

  #advance(): void {
    this.#work = this.#work.then(async () => {
      for (let next = this.#next(); next && !this.#stopped; next = this.#next()) await this.#move(next);
      if (!this.#stopped) this.#changed();
    });
  }

  /** What should serve instead of what does. */
  #next(): OfferedVersion | undefined {
    const isOpen = (offer: OfferedVersion) => !this.#refused.has(keyOf(offer));
    const current = this.#serving?.offer;
    const newest = this.#offers.find(isOpen);
    // nothing else is good: not even what serves, if it failed
    const wanted =
      newest ??
      (current && !isOpen(current) && this.#before && isOpen(this.#before) ? this.#before : undefined);
    return wanted && current && same(wanted, current) ? undefined : wanted;
  }

  async #move(offer: OfferedVersion): Promise<void> {
    const { logger, name } = this.#options;
    this.#candidate = { offer };
    this.#changed();
    let service: ModelService | undefined;
    try {
      const kept = this.#before && same(this.#before, offer) ? this.#before : offer;
      const guard = this.#guardOf(offer);
      service = this.#options.serviceFor(await guard(() => kept.load()), guard);
      this.#candidate.service = service;
      await this.#deployed(offer, service);
    } catch (cause) {
      await service?.stop();
      if (cause === WITHDRAWN || this.#stopped) return;
      const error = IsobathError.from(cause);
      this.#refused.set(keyOf(offer), { version: offer.version, error });
      const serves = this.#serving ? ` Version ${this.#serving.offer.version} goes on serving.` : '';
      logger.error({ model: name, version: offer.version, code: error.code }, `${error.message}${serves}`);
    } finally {
      this.#candidate = undefined;
      this.#withdraw = () => undefined;
    }
  }

  /** What it does is marked on disk, until the version has been deployed once. */
  #guardOf({ version, fingerprint }: OfferedVersion): Guard {
    const { name: model, marks } = this.#options;
    const refusal = (mark: string) => IsobathError.of('ISO_ERR_VERSION_CRASHED', { model, version, mark });
    const key = `${model} ${version} ${fingerprint}`;
    return (work, { proves = false } = {}) => marks.run({ key, refusal, proves }, work);
  }

  /** Resolves when the version serves. Rejects with why it never will, or WITHDRAWN. */
  #deployed(offer: OfferedVersion, service: ModelService): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#withdraw = () => reject(WITHDRAWN);
      service.on('deployed', (event) => {
        if (this.#candidate?.service === service) this.#switchTo(new ServedVersion(offer, service));
        this.emit('deployed', event);
        this.#changed();
        resolve();
      });
      service.on('failed', (event) => {
        const { error, agents, retryMs } = event;
        const candidate = this.#candidate?.service === service ? this.#candidate : undefined;
        const final = agents.length === 0 && !PASSING.has(error.code);
        if (candidate && final) candidate.error = error;
        if (candidate && final && (HOPELESS.has(error.code) || this.#hasOther(offer))) {
          reject(error);
        } else if (agents.length === 0) {
          const { name, logger } = this.#options;
          logger.error({ model: name, version: offer.version, code: error.code, retryMs }, error.message);
        }
        this.emit('failed', event);
        this.#changed();
      });
      if (this.#stopped) reject(WITHDRAWN);
      else service.start().catch(reject);
    });
  }

  /** Without another version to go on with, a failed deployment is tried again as the fleet changes. */
  #hasOther(offer: OfferedVersion): boolean {
    const others = this.#offers.filter((other) => !same(other, offer) && !this.#refused.has(keyOf(other)));
    return this.#serving !== undefined || others.length > 0;
  }

  #switchTo(version: ServedVersion): void {
    const { name, logger, watchMs = 300_000 } = this.#options;
    const previous = this.#serving;
    this.#serving = version;
    this.#candidate = undefined;
    clearTimeout(this.#watch);
    this.#before = undefined;
    if (!previous) return;
    logger.info(
      { model: name, from: previous.offer.version, to: version.offer.version },
      'Requests go to another version.',
    );
    const retiring = previous.retire().finally(() => this.#retiring.delete(retiring));
    this.#retiring.add(retiring);
    // after a return there is nothing to return to
    if (this.#refused.has(keyOf(previous.offer))) return;
    const { model } = previous.service;
    this.#before = { ...previous.offer, load: async () => model };
    version.watch((error) => this.#leave(version, error));
    this.#watch = setTimeout(() => {
      version.unwatch();
      this.#before = undefined;
    }, watchMs);
    this.#watch.unref();
  }

  /** The version that serves fails in service. */
  #leave({ offer }: ServedVersion, error: IsobathError): void {
    this.#refused.set(keyOf(offer), { version: offer.version, error });
    const log = { model: this.#options.name, version: offer.version, code: error.code };
    this.#options.logger.error(log, `${error.message} The version before it is deployed again.`);
    this.#advance();
  }

  #changed(): void {
    if (!this.#stopped) this.emit('changed', { model: this.#options.name });
  }
}

const WITHDRAWN = Symbol('withdrawn');

function keyOf({ version, fingerprint }: OfferedVersion): string {
  return `${version}@${fingerprint}`;
}

function same(a: OfferedVersion, b: OfferedVersion): boolean {
  return keyOf(a) === keyOf(b);
}
