import type { Logger } from '../base/logger.ts';
import { ComputeModel } from '../estimator/compute.ts';
import { Correction } from '../estimator/correction.ts';
import { FleetModel, RESOURCE } from '../estimator/fleet-model.ts';
import type { MeasuredDevice, MeasuredFleet } from '../estimator/measured.ts';
import { partedWay, type SeenWay } from '../estimator/seen-way.ts';
import { shardTerms } from '../estimator/stage-cost.ts';
import type { StageTerms } from '../estimator/stage-summary.ts';
import type { Work } from '../partition/work.ts';
import { MASTER, type Plan, type Stage } from '../planner/plan.ts';
import { canReprice, repricedPlan } from '../planner/repriced.ts';
import type { Precision } from '../tensor/precision.ts';
import { HostCorrection } from './host-correction.ts';
import type { StageReport } from './stage-times.ts';

export interface ServiceCorrectionOptions {
  /** As it was measured, of the agents that are there now. */
  readonly measured: () => MeasuredFleet;
  readonly logger: Logger;
  /** A figure in force has changed. */
  readonly onChange: () => void;
}

const LINK_TERMS = ['toAgent', 'fromAgent'] as const;

/** Corrects what was measured by what shards take in service. */
export class ServiceCorrection {
  readonly #options: ServiceCorrectionOptions;
  readonly #correction = new Correction();
  readonly #host: HostCorrection;
  /** What running stages were to take, by the figures that were measured. */
  #terms = new WeakMap<Stage, readonly StageTerms[]>();
  /** For how many seconds of a running plan the master's event loop was to be busy, by these; 0 where that cannot be seen. */
  #loops = new WeakMap<Plan, number>();

  constructor(options: ServiceCorrectionOptions) {
    this.#options = options;
    this.#host = new HostCorrection(options);
  }

  corrected(fleet: MeasuredFleet): MeasuredFleet {
    return this.#host.corrected(this.#correction.corrected(fleet));
  }

  /** True where inferences have corrected a figure of one of these workers. */
  corrects(workers: readonly string[]): boolean {
    return this.#host.isInForce || this.#correction.corrects(workers);
  }

  /** Agents whose links are said to be faster or slower than they were measured. */
  linksOf(agents: readonly string[]): string[] {
    return agents.filter((agent) => LINK_TERMS.some((term) => this.#correction.factor(agent, term) !== 1));
  }

  /** Everything of the agent was measured anew, or its link only. */
  forget(agent: string, what: 'all' | 'link' = 'all'): void {
    this.#correction.forget(agent, ...(what === 'link' ? [LINK_TERMS] : []));
    this.#host.forget();
  }

  /** Something was measured: stages are priced anew. */
  renew(): void {
    this.#terms = new WeakMap();
    this.#loops = new WeakMap();
  }

  /** Resolves when what was seen of a shared machine is weighed. */
  settled(): Promise<void> {
    return this.#host.settled();
  }

  stop(): void {
    this.#host.stop();
  }

  /**
   * What the stages of an inference took that was alone, and ran as planned; and for how many of these seconds the master's
   * event loop was busy, where it had nothing else to do.
   */
  observeStages(plan: Plan, reports: readonly StageReport[], loopSeconds = 0): void {
    this.#host.observe(plan, reports);
    if (loopSeconds > 0) this.#observeLoop(plan, loopSeconds);
  }

  /** Messages and copies in service take what no burst of empty messages tells: code that is cold, slices, collections. */
  #observeLoop(plan: Plan, measuredSeconds: number): void {
    const { logger, onChange } = this.#options;
    const predictedSeconds = this.#loopSecondsOf(plan);
    const seconds = { predictedSeconds, measuredSeconds };
    if (!this.#correction.observe({ worker: MASTER, term: 'copy', ...seconds, factor: 1 })) return;
    this.#terms = new WeakMap();
    logger.debug(
      { factor: this.#correction.factor(MASTER, 'copy') },
      'Messages take the master another time than was known.',
    );
    onChange();
  }

  #loopSecondsOf(plan: Plan): number {
    let known = this.#loops.get(plan);
    if (known === undefined) {
      const fleet = this.#options.measured();
      // on a machine that it shares, the loop is busy for as long as others take its core
      const shares = sharesMachine(fleet.master, [fleet.master, ...fleet.agents]);
      known = shares || !canReprice(plan, fleet) ? 0 : loopSecondsOf(plan, fleet);
      this.#loops.set(plan, known);
    }
    return known;
  }

  /** What computing a shard took an agent, in so many runs of its engine. */
  observe(worker: string, work: readonly Work[], measuredSeconds: number, runs = 1): void {
    const { measured, logger, onChange } = this.#options;
    const { agents } = measured();
    const device = agents.find(({ id }) => id === worker);
    // where others take the same cores, its time says as much of them: whole stages tell, see HostCorrection
    if (!device || sharesMachine(device, agents)) return;
    const { secondsPerRun } = device.compute;
    const predictedSeconds = new ComputeModel(device.compute).seconds(work) + (runs - 1) * secondsPerRun;
    const seconds = { predictedSeconds, measuredSeconds };
    if (!this.#correction.observe({ worker, term: 'compute', ...seconds, factor: 1 })) return;
    logger.debug({ agent: worker }, 'The agent computes at another speed than was known.');
    onChange();
  }

  /** What the way of one shard of a stage to its agent and back took, while nothing else was under way. */
  observeWay(stage: Stage, index: number, seen: SeenWay): void {
    const { logger, onChange } = this.#options;
    const { worker } = stage.shards[index]!;
    const terms = this.#termsOf(stage, seen.wire)?.[index];
    if (!terms) return;
    const way = partedWay(seen, terms);
    const see = (term: 'toAgent' | 'fromAgent', predictedSeconds: number) =>
      this.#correction.observe({ worker, term, predictedSeconds, measuredSeconds: way[term], factor: 1 });
    const changes = [see('toAgent', terms.transmit), see('fromAgent', terms.receive)];
    if (!changes.includes(true)) return;
    logger.debug({ agent: worker }, 'The link of the agent has another speed than was known.');
    onChange();
  }

  /** Undefined where an agent has left, or one shares its machine: there is no wire, and cores are not a link's. */
  #termsOf(stage: Stage, wire: Precision): readonly StageTerms[] | undefined {
    const known = this.#terms.get(stage);
    if (known) return known;
    const fleet = this.#options.measured();
    const alone = fleet.agents.filter((agent) => !sharesMachine(agent, [fleet.master, ...fleet.agents]));
    const there = new Set([MASTER, ...alone.map(({ id }) => id)]);
    if (!stage.shards.every(({ worker }) => there.has(worker))) return undefined;
    // what is known of the devices at both ends is not the link's
    const devices = this.#correction.corrected(fleet, ['compute', 'copy']);
    const terms = withWaiting(shardTerms(new FleetModel(devices, { wire }), stage.shards));
    this.#terms.set(stage, terms);
    return terms;
  }
}

function loopSecondsOf(plan: Plan, fleet: MeasuredFleet): number {
  const { stages } = repricedPlan(plan, new FleetModel(fleet, plan));
  return stages.reduce((sum, { cost }) => sum + cost.busy[RESOURCE.masterLoop]!, 0);
}

/**
 * A way as it is seen begins when the shard's own inputs are sliced: waiting for those of the others to be sent, and for their
 * results to be joined, is part of it. The shard that waited for nobody tells what slicing and joining take themselves.
 */
function withWaiting(terms: readonly StageTerms[]): StageTerms[] {
  const own = (of: 'partition' | 'join') => Math.min(...terms.map((each) => each[of]));
  const [partition, join] = [own('partition'), own('join')];
  return terms.map((each) => ({
    ...each,
    transmit: each.transmit + each.partition - partition,
    receive: each.receive + each.join - join,
  }));
}

function sharesMachine({ host }: MeasuredDevice, devices: readonly MeasuredDevice[]): boolean {
  return host !== undefined && devices.filter((each) => each.host?.id === host.id).length > 1;
}
