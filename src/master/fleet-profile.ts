import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Emitter } from '../base/emitter.ts';
import { IsobathError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Service } from '../base/service.ts';
import { DeviceCalibration } from '../calibration/device.ts';
import { hostId } from '../calibration/host.ts';
import { MessageLoop } from '../calibration/message-loop.ts';
import type { BenchmarkOptions } from '../engine/benchmark.ts';
import type { Engine } from '../engine/engine.ts';
import { assumedCompute, assumedLink } from '../estimator/assumed.ts';
import { sharedLimits, withoutMasterLink } from '../estimator/link-fit.ts';
import type { MeasuredCompute, MeasuredFleet, MeasuredLink } from '../estimator/measured.ts';
import { MASTER } from '../planner/plan.ts';
import type { Bus } from '../transport/bus.ts';
import { CHUNK_BYTES } from '../wire/chunks.ts';
import { encodeJson } from '../wire/codec.ts';
import { VERSION } from '../wire/messages/common.ts';
import type { CalibrationRequest, FleetReport } from '../wire/messages/fleet.ts';
import type { Topics } from '../wire/topics.ts';
import { calibrateAgents } from './agent-calibration.ts';
import type { Fleet } from './fleet.ts';
import { measureBusy, measureLink } from './link-measurement.ts';
import { LinkProbe } from './link-probe.ts';
import { LinkStore } from './link-store.ts';
import { deviceOf } from './member-device.ts';
import { ServiceCorrection } from './service-correction.ts';

export interface FleetProfilesOptions {
  readonly bus: Bus;
  readonly topics: Topics;
  readonly fleet: Fleet;
  readonly engine: Engine;
  readonly logger: Logger;
  /** Keeps what was measured. */
  readonly directory: string;
  /** Where the broker runs: in this process, or elsewhere. Default `embedded`. */
  readonly broker?: 'embedded' | 'external';
  readonly chunkBytes?: number;
  /** The most that the planner may leave to this device of filters, in bytes. Default: no limit. */
  readonly filterBytesLimit?: number;
  /** `start`: measures this device where no earlier start did, and the link of each agent that joins. Default `never`. */
  readonly calibration?: 'start' | 'never';
  readonly benchmark?: BenchmarkOptions;
  /** Parties that name the same one share its cores. Default: this machine. */
  readonly host?: string;
  /** Of each way of a link. Default 400 ms. */
  readonly linkBudgetMs?: number;
  /** A link that service found slower or faster than it was measured is measured again so often. Default 60000 ms. */
  readonly linkReviewMs?: number;
  readonly now?: () => number;
}

/** As a `CalibrationRequest` asks. */
export type CalibrateOptions = Omit<CalibrationRequest, 'v'>;

type FleetProfilesEvents = {
  /** Something was measured. */
  changed: MeasuredFleet;
};

/** What the master knows of the speed of the cluster: its own device, the agents', their links. */
export class FleetProfiles extends Emitter<FleetProfilesEvents> implements Service {
  readonly #options: FleetProfilesOptions;
  readonly #device: DeviceCalibration;
  readonly #links: LinkStore;
  readonly #probe: LinkProbe;
  readonly #undo: (() => unknown)[] = [];
  readonly #correction: ServiceCorrection;
  #own: MeasuredCompute | undefined;
  /** Measurements follow one another, so that none disturbs the next. */
  #work: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: FleetProfilesOptions) {
    super();
    this.#options = options;
    const { engine, logger, directory, benchmark } = options;
    const file = join(directory, 'calibration.json');
    this.#device = new DeviceCalibration({ engine, logger, file, ...(benchmark ? { benchmark } : {}) });
    this.#links = new LinkStore(join(directory, 'links.json'), logger);
    this.#probe = new LinkProbe(options);
    this.#correction = new ServiceCorrection({
      logger,
      measured: () => this.#uncorrected,
      onChange: () => void this.#publish(),
    });
  }

  /** Members of the fleet only; figures that nobody measured are assumed, and what was seen in service corrects both. */
  get profile(): MeasuredFleet {
    return this.#correction.corrected(this.#uncorrected);
  }

  /** What computing a shard took an agent. Plans may change when it is not what was predicted. */
  readonly observe: ServiceCorrection['observe'] = (...seen) => this.#correction.observe(...seen);
  /** What the stages of a whole inference took. */
  readonly observeStages: ServiceCorrection['observeStages'] = (...seen) =>
    this.#correction.observeStages(...seen);
  /** What a shard's way took. Plans may change, too. */
  readonly observeWay: ServiceCorrection['observeWay'] = (...seen) => this.#correction.observeWay(...seen);

  /** As `profile`, without what was seen in service. */
  get measured(): MeasuredFleet {
    return this.#uncorrected;
  }

  /** True where inferences have corrected what was measured. */
  get isCorrected(): boolean {
    return this.#correction.corrects([MASTER, ...this.#options.fleet.members.map(({ id }) => id)]);
  }

  get #uncorrected(): MeasuredFleet {
    const { fleet, engine, broker, chunkBytes = CHUNK_BYTES, filterBytesLimit } = this.#options;
    const { host = hostId() } = this.#options;
    const { masterLink = assumedLink(), limits } = this.#links;
    return {
      master: {
        id: MASTER,
        compute: this.#own ?? assumedCompute(engine.threads),
        host: { id: host, cores: availableParallelism(), threads: engine.threads },
        ...(filterBytesLimit === undefined ? {} : { filterBytesLimit }),
      },
      agents: fleet.members.map((member) => deviceOf(member, this.#links.get(member.id))),
      broker: broker === 'external' ? { kind: 'external', masterLink } : { kind: 'embedded' },
      ...limits,
      chunkBytes,
    };
  }

  async start(): Promise<void> {
    const { fleet, calibration = 'never' } = this.#options;
    this.#stopped = false;
    await this.#probe.start();
    this.#undo.push(() => this.#probe.stop());
    await this.#links.load();
    this.#own = await this.#device.stored();
    const review = setInterval(() => this.#reviewLinks(), this.#options.linkReviewMs ?? 60_000);
    review.unref();
    this.#undo.push(() => clearInterval(review));
    if (calibration === 'never') return;
    if (!this.#own) await this.#logged(() => this.#measureOwn());
    const onJoined = ({ id }: { readonly id: string }) => {
      this.#work = this.#work.then(() =>
        this.#logged(async () => {
          if (this.#stopped || !fleet.has(id)) return;
          await this.#measureMasterLink();
          await this.#measureLinks([id]);
          await this.#changed();
        }),
      );
    };
    this.#undo.push(fleet.on('joined', onJoined));
    for (const member of fleet.members) onJoined(member);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#correction.stop();
    await Promise.allSettled(this.#undo.splice(0).map((undo) => undo()));
    await this.#work;
  }

  /** Resolves when all that inferences have shown is weighed. */
  corrected(): Promise<void> {
    return this.#correction.settled();
  }

  /** Resolves when nothing is left to be measured. */
  async settled(): Promise<void> {
    let work: Promise<void>;
    do {
      work = this.#work;
      await work;
    } while (work !== this.#work);
  }

  /** Measures everything again: the agents' devices, this one, each link alone, and all links together. */
  async calibrate(options: CalibrateOptions = {}): Promise<MeasuredFleet> {
    const all = this.#work.then(async () => {
      const { fleet, logger } = this.#options;
      const ids = fleet.members.map(({ id }) => id);
      await calibrateAgents(fleet, ids, logger, options.together ?? false);
      for (const id of ids) this.#correction.forget(id);
      await this.#measureOwn();
      this.#links.masterLink = undefined;
      await this.#measureMasterLink();
      await this.#measureLinks(ids, options.silenceMs);
      await this.#measureTogether(ids);
      await this.#changed();
    });
    this.#work = all.catch(() => undefined);
    await all;
    return this.profile;
  }

  async #measureOwn(): Promise<void> {
    const { bus, topics } = this.#options;
    this.#own = await this.#device.measure(bus, topics.masterLoop());
  }

  /** The way to an external broker and back, which every message of every agent's link takes first or last. */
  async #measureMasterLink(): Promise<void> {
    const { bus, topics, broker, linkBudgetMs: budgetMs, now } = this.#options;
    if (broker !== 'external' || this.#links.masterLink) return;
    const loop = new MessageLoop(bus, topics.masterLoop(), now);
    try {
      await loop.start();
      const seconds = (there: number, back: number) => loop.seconds(there + back);
      const whole = await measureLink(MASTER, seconds, budgetMs === undefined ? {} : { budgetMs });
      // a message crosses the link twice, up and down: half of it each
      const half = (way: MeasuredLink['toAgent']) => ({ ...way, beta: way.beta / 2 });
      this.#links.masterLink = { toAgent: half(whole.toAgent), fromAgent: half(whole.fromAgent) };
    } finally {
      await loop.stop();
    }
  }

  async #measureLinks(ids: readonly string[], silenceMs?: number): Promise<void> {
    const { linkBudgetMs: budgetMs } = this.#options;
    const options = {
      ...(budgetMs === undefined ? {} : { budgetMs }),
      ...(silenceMs === undefined ? {} : { silenceMs }),
    };
    for (const id of ids) {
      if (this.#stopped) return;
      await this.#logged(async () => {
        const link = await measureLink(id, (there, back) => this.#seconds(id, there, back), options);
        const { masterLink } = this.#links;
        this.#links.set(id, masterLink ? withoutMasterLink(link, masterLink) : link);
      });
    }
  }

  /** A plan that avoids a link sees nothing of it any more, so nobody would know when it is well again. */
  #reviewLinks(): void {
    this.#work = this.#work.then(() =>
      this.#logged(async () => {
        const ids = this.#correction.linksOf(this.#options.fleet.members.map(({ id }) => id));
        if (ids.length === 0 || this.#stopped) return;
        await this.#measureLinks(ids);
        for (const id of ids) this.#correction.forget(id, 'link');
        await this.#changed();
      }),
    );
  }

  async #measureTogether(ids: readonly string[]): Promise<void> {
    const links = new Map(
      ids.flatMap((id) => {
        const link = this.#links.get(id);
        return link ? [[id, link] as const] : [];
      }),
    );
    if (links.size < 2 || this.#stopped) return;
    const { rounds, busy } = await measureBusy(links, (id, there, back) => this.#seconds(id, there, back));
    for (const [id, link] of links) {
      const seen = busy.get(id);
      if (seen) this.#links.set(id, { ...link, busy: seen });
    }
    // parties of one machine have no card between them, and no air: what they share is its cores
    const { host = hostId() } = this.#options;
    const isOne = this.#options.fleet.members.every(({ profile }) => profile.host === host);
    this.#links.limits = isOne ? {} : sharedLimits([...links.values()], rounds);
  }

  async #seconds(agent: string, there: number, back: number): Promise<number | undefined> {
    const echo = await this.#probe.roundTrip(agent, there, back);
    return echo && echo.seconds - echo.heldSeconds;
  }

  async #changed(): Promise<void> {
    this.#correction.renew();
    await this.#links.save();
    await this.#publish();
  }

  /** Retained, for whoever plans for this cluster. */
  async #publish(): Promise<void> {
    const { bus, topics } = this.#options;
    if (this.#stopped) return;
    const report: FleetReport = { v: VERSION, fleet: this.profile };
    this.emit('changed', report.fleet);
    await bus.publish(topics.fleet(), encodeJson(report), { qos: 1, retain: true }).catch(() => undefined);
  }

  async #logged(work: () => Promise<void>): Promise<void> {
    await work().catch((cause: unknown) => {
      const error = IsobathError.from(cause);
      if (!this.#stopped) this.#options.logger.warn({ code: error.code }, error.message);
    });
  }
}
