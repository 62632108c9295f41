import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Emitter } from '../base/emitter.ts';
import type { IsobathError } from '../base/errors.ts';
import { LoadMarks } from '../base/load-marks.ts';
import type { Logger } from '../base/logger.ts';
import type { Service } from '../base/service.ts';
import { PROGRAM_VERSION } from '../base/version.ts';
import type { BenchmarkOptions } from '../engine/benchmark.ts';
import type { Engine } from '../engine/engine.ts';
import type { DeadlineOptions } from '../planner/deadlines.ts';
import { Identity } from '../presence/identity.ts';
import type { NameClaim } from '../presence/name-claim.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Bus, Will } from '../transport/bus.ts';
import { whileOnline } from '../transport/while-online.ts';
import { encodeJson } from '../wire/codec.ts';
import { VERSION } from '../wire/messages/common.ts';
import type { MasterStatus, Presence } from '../wire/messages/status.ts';
import { Topics } from '../wire/topics.ts';
import { BlobServer } from './blob-server.ts';
import { CalibrationService } from './calibration-service.ts';
import type { Catalogue } from './catalogue.ts';
import { clusterClaim } from './cluster-claim.ts';
import type { Deployment } from './deployment.ts';
import { ExplainService } from './explain-service.ts';
import { Fleet } from './fleet.ts';
import { FleetProfiles, type FleetProfilesOptions } from './fleet-profile.ts';
import { HomeAssistant, type HomeAssistantSettings } from './home-assistant.ts';
import type { InferenceResult } from './inference.ts';
import { infoOf } from './model-info.ts';
import { type ModelEvents, ModelService, type ServedModel } from './model-service.ts';
import { ModelShelf } from './model-shelf.ts';
import { Notices } from './notices.ts';
import type { RequestQueueOptions } from './request-queue.ts';
import { RequestService } from './request-service.ts';
import { StaticCatalogue } from './static-catalogue.ts';

export interface MasterOptions {
  readonly cluster: string;
  /** Makes the master's connection; the broker publishes `will` when it breaks. */
  readonly connect: (will: Will) => Bus;
  readonly engine: Engine;
  readonly logger: Logger;
  /** Holds the epoch, and marks of the versions that are being loaded. */
  readonly directory: string;
  /** Served as long as the master runs. */
  readonly models: readonly ServedModel[];
  /** Further sources of models, which may change meanwhile. */
  readonly catalogues?: readonly Catalogue[];
  /** For so long after it took over, a version that fails in service is left again. Default 300000 ms. */
  readonly watchMs?: number;
  readonly standby?: number;
  readonly chunkBytes?: number;
  readonly deadlines?: DeadlineOptions;
  readonly deployTimeoutMs?: number;
  readonly settleMs?: number;
  /** How long a model that is not served yet waits for measurements of the fleet. Default 30000 ms. */
  readonly measureMs?: number;
  /** As `ModelServiceOptions`. */
  readonly replanMs?: number;
  readonly requests?: RequestQueueOptions;
  /** A request of which nothing more came for so long is given up. Default 60000 ms. */
  readonly partTimeoutMs?: number;
  /** Where the broker runs: in this process, or elsewhere. Default `embedded`. */
  readonly broker?: FleetProfilesOptions['broker'];
  /** `start`: measures this device at its first start, and the link of each agent that joins. Default `never`. */
  readonly calibration?: FleetProfilesOptions['calibration'];
  readonly benchmark?: BenchmarkOptions;
  readonly filterBytesLimit?: FleetProfilesOptions['filterBytesLimit'];
  readonly host?: FleetProfilesOptions['host'];
  /** Left out: no discovery. */
  readonly homeAssistant?: HomeAssistantSettings;
  /** Called when the master cannot go on, because another one serves the cluster. */
  readonly onFatal?: (error: IsobathError) => void;
  /** The state of models is told no more often than this. Default 1000 ms. */
  readonly noticeMs?: number;
}

type MasterEvents = ModelEvents;

/** Keeps the fleet, deploys models, runs inferences. */
export class Master extends Emitter<MasterEvents> implements Service {
  readonly #options: MasterOptions;
  readonly #topics: Topics;
  #bus: Bus | undefined;
  #fleet: Fleet | undefined;
  #profiles: FleetProfiles | undefined;
  #calibrations: CalibrationService | undefined;
  #blobs: BlobServer | undefined;
  #models: ModelShelf | undefined;
  #marks: LoadMarks | undefined;
  #requests: RequestService | undefined;
  #notices: Notices | undefined;
  #explanations: ExplainService | undefined;
  #homeAssistant: HomeAssistant | undefined;
  #identity!: Identity;
  #claim: NameClaim | undefined;
  #announced = false;

  constructor(options: MasterOptions) {
    super();
    this.#options = options;
    this.#topics = new Topics(options.cluster);
  }

  /** Names of the agents that may get work now. */
  get agents(): string[] {
    return this.#fleet?.members.map(({ id }) => id) ?? [];
  }

  /** Names of the models that may be asked for. */
  get models(): string[] {
    return this.#models?.names ?? this.#options.models.map(({ name }) => name);
  }

  /** Bytes of programs and filters sent to agents since the start. */
  get sentBytes(): number {
    return this.#blobs?.sentBytes ?? 0;
  }

  /** What is known of the speed of the cluster. Valid between `start` and `stop`. */
  get profiles(): FleetProfiles {
    if (!this.#profiles) throw new Error('the master is not started');
    return this.#profiles;
  }

  deployment(model: string): Deployment | undefined {
    return this.#models?.find(model)?.service?.deployment;
  }

  async start(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      await this.stop();
      throw error;
    }
    const { models } = this;
    this.#options.logger.info({ cluster: this.#topics.cluster, models }, 'The master is ready.');
  }

  async #start(): Promise<void> {
    const { connect, engine, logger, directory, models, requests, ...others } = this.#options;
    const {
      broker,
      calibration,
      benchmark,
      filterBytesLimit,
      catalogues = [],
      watchMs,
      host,
      homeAssistant,
      noticeMs,
      onFatal,
      ...rest
    } = others;
    const topics = this.#topics;
    await mkdir(directory, { recursive: true });
    this.#identity = await Identity.next(join(directory, 'epoch'));
    const will = { topic: topics.masterStatus(), payload: encodeJson(this.#status('offline')) };
    const bus = connect({ ...will, qos: 1, retain: true });
    this.#bus = bus;
    await engine.start();
    await bus.start();
    const announce = () => this.#announce();
    const claim = clusterClaim({ bus, topics, identity: this.#identity, logger, announce, onFatal });
    this.#claim = claim;
    await claim.start();
    this.#blobs = new BlobServer({ bus, topics, logger });
    this.#fleet = new Fleet({ bus, topics, logger });
    await this.#blobs.start();
    await this.#fleet.start();
    this.#profiles = new FleetProfiles({
      ...{ bus, topics, fleet: this.#fleet, engine, logger, directory },
      ...(broker ? { broker } : {}),
      ...(calibration ? { calibration } : {}),
      ...(benchmark ? { benchmark } : {}),
      ...(host ? { host } : {}),
      ...(filterBytesLimit === undefined ? {} : { filterBytesLimit }),
      ...(rest.chunkBytes ? { chunkBytes: rest.chunkBytes } : {}),
    });
    await this.#profiles.start();
    this.#calibrations = new CalibrationService({ bus, topics, logger, profiles: this.#profiles });
    await this.#calibrations.start();
    const parties = { bus, topics, fleet: this.#fleet, profiles: this.#profiles, blobs: this.#blobs };
    const marks = new LoadMarks(join(directory, 'loading'), () => `${engine.name} ${engine.version}`);
    this.#marks = marks;
    const shelf = new ModelShelf({
      catalogues: [new StaticCatalogue(models), ...catalogues],
      serviceFor: (model, guard) => new ModelService({ ...rest, ...parties, engine, logger, model, guard }),
      marks,
      fleet: this.#fleet,
      logger,
      ...(watchMs === undefined ? {} : { watchMs }),
    });
    this.#models = shelf;
    const pace = noticeMs === undefined ? {} : { paceMs: noticeMs };
    const notices = new Notices({ bus, topics, logger, fleet: this.#fleet, models: shelf, ...pace });
    this.#notices = notices;
    await notices.start();
    shelf.on('deployed', (event) => this.emit('deployed', event));
    shelf.on('failed', (event) => this.emit('failed', event));
    shelf.on('changed', ({ model }) => this.#tell(model));
    shelf.on('removed', ({ model }) => this.#tell(model));
    await shelf.start();
    const { chunkBytes, partTimeoutMs } = rest;
    const limits = {
      ...requests,
      ...(chunkBytes === undefined ? {} : { chunkBytes }),
      ...(partTimeoutMs === undefined ? {} : { partTimeoutMs }),
    };
    const onAnswer = notices.answered.bind(notices);
    this.#requests = new RequestService({ bus, topics, logger, models: this.#models, onAnswer, ...limits });
    await this.#requests.start();
    const { profiles } = this;
    this.#explanations = new ExplainService({ bus, topics, logger, models: this.#models, profiles });
    await this.#explanations.start();
    if (homeAssistant) {
      const served = () => shelf.models.map(({ status }) => status);
      this.#homeAssistant = new HomeAssistant({ bus, topics, logger, models: served, ...homeAssistant });
      await this.#homeAssistant.start();
    }
    bus.onState((state) => {
      if (state === 'online') void this.#announce().catch(() => undefined);
    });
    this.#announced = true;
    await claim.serve();
  }

  async stop(): Promise<void> {
    const bus = this.#bus;
    if (!bus) return;
    this.#bus = undefined;
    await this.#marks?.close();
    const offline = encodeJson(this.#status('offline'));
    const goodbye = () => bus.publish(this.#topics.masterStatus(), offline, { qos: 1, retain: true });
    const served = this.#claim?.isServing;
    const unclaimed = this.#claim?.stop();
    const work = Promise.all([this.#stopServices(), unclaimed]);
    await whileOnline(bus, work);
    // who was refused has nothing to say under the name
    if (bus.state === 'online' && served) await whileOnline(bus, goodbye());
    await bus.stop();
    await work;
    await this.#options.engine.stop();
  }

  async #stopServices(): Promise<void> {
    await this.#homeAssistant?.stop();
    await this.#requests?.stop();
    await this.#explanations?.stop();
    await this.#notices?.stop();
    await this.#models?.stop();
    this.#models = undefined;
    this.#announced = false;
    await this.#calibrations?.stop();
    await this.#profiles?.stop();
    await this.#fleet?.stop();
    await this.#blobs?.stop();
  }

  /** Runs one inference without going through MQTT requests. Throws ISO_ERR_MODEL_NOT_SERVED. */
  async infer(model: string, request: string, inputs: ReadonlyMap<string, Tensor>): Promise<InferenceResult> {
    if (!this.#models) throw new Error('the master is not started');
    return this.#models.get(model).run((service) => service.infer(request, inputs));
  }

  #status(state: Presence): MasterStatus {
    const { epoch, run } = this.#identity;
    return { v: VERSION, state, epoch, run, version: PROGRAM_VERSION, models: this.models };
  }

  async #announce(): Promise<void> {
    for (const name of this.models) await this.#publishInfo(name);
    await this.#notices?.announce();
    await this.#homeAssistant?.announce();
    await this.#publishStatus();
  }

  /** Tells others what became of a model. While the broker is away nothing is told: all of it is when it is back. */
  #tell(model: string): void {
    if (!this.#announced) return;
    const told = async () => {
      await this.#publishInfo(model);
      const served = this.#models?.find(model) !== undefined;
      await (served ? this.#homeAssistant?.announce({ newOnly: true }) : this.#homeAssistant?.forget(model));
      await this.#publishStatus();
    };
    void told().catch(() => undefined);
  }

  /** Of a model that is gone, what is retained is cleared. */
  async #publishInfo(name: string): Promise<void> {
    const model = this.#models?.find(name);
    const payload = model ? encodeJson(infoOf(model.status)) : '';
    await this.#bus?.publish(this.#topics.modelInfo(name), payload, { qos: 1, retain: true });
  }

  async #publishStatus(): Promise<void> {
    const status = encodeJson(this.#status('online'));
    await this.#bus?.publish(this.#topics.masterStatus(), status, { qos: 1, retain: true });
  }
}
