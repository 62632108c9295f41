import type { Logger } from '../base/logger.ts';
import { FleetModel } from '../estimator/fleet-model.ts';
import { atPace, type HostFactors, onHost } from '../estimator/host-factors.ts';
import { type HostEvidence, hostFit } from '../estimator/host-fit.ts';
import type { MeasuredFleet } from '../estimator/measured.ts';
import { median } from '../estimator/statistics.ts';
import type { Plan } from '../planner/plan.ts';
import { canReprice } from '../planner/repriced.ts';
import { finishedInSlices } from '../planner/steps.ts';
import { simulate } from '../simulation/simulate.ts';
import type { StageReport } from './stage-times.ts';

export interface HostCorrectionOptions {
  /** As it was measured, of the agents that are there now. */
  readonly measured: () => MeasuredFleet;
  readonly logger: Logger;
  /** Factors in force have changed. */
  readonly onChange: () => void;
}

/** The first inferences of a plan touch memory, and run code, for the first time. */
export const WARM_UP = 8;
/** Factors are sought after so many inferences of a plan, and again whenever so many more were seen. */
export const LEARNT_FROM = 30;
/** How fast the machine is as a whole just now is taken from its last inferences, and so often. */
export const PACE_FROM = 6;
/** Logarithm: neither a factor nor the pace moved by more, and those in force stay. */
const HYSTERESIS = Math.log(1.1);
/** Running plans that count, those last seen. */
const PLANS = 4;

interface Seen {
  inferences: number;
  /** Seconds of each stage of the last inferences. */
  readonly times: number[][];
}

/**
 * Corrects what was measured of the machine that the master and all agents share, by what stages take in service. Their
 * parties take turns on its cores, so a stage says nothing of one worker alone: factors of the machine are sought, by
 * which all stages together come nearest to what they took.
 */
export class HostCorrection {
  readonly #options: HostCorrectionOptions;
  /** The plan last seen is the last one. */
  readonly #seen = new Map<Plan, Seen>();
  #inForce: { readonly host: string; readonly factors: HostFactors } | undefined;
  #work: Promise<void> = Promise.resolve();
  readonly #ending = new AbortController();

  constructor(options: HostCorrectionOptions) {
    this.#options = options;
  }

  get isInForce(): boolean {
    return this.#inForce !== undefined;
  }

  corrected(fleet: MeasuredFleet): MeasuredFleet {
    const { host, factors } = this.#inForce ?? {};
    return host && factors && hostOf(fleet) === host ? onHost(fleet, host, factors) : fleet;
  }

  /** The machine, or a party of it, was measured anew. */
  forget(): void {
    this.#seen.clear();
    this.#inForce = undefined;
  }

  /** Resolves when what was seen is weighed. */
  async settled(): Promise<void> {
    await this.#work;
  }

  stop(): void {
    this.#ending.abort();
  }

  /** What the stages of an inference took that was alone, and ran as planned. */
  observe(plan: Plan, reports: readonly StageReport[]): void {
    const fleet = this.#options.measured();
    const host = hostOf(fleet);
    if (host === undefined || reports.length !== plan.stages.length || !canReprice(plan, fleet)) return;
    const seen = this.#seen.get(plan) ?? { inferences: 0, times: [] };
    this.#seen.delete(plan);
    this.#seen.set(plan, seen);
    if (this.#seen.size > PLANS) this.#seen.delete(this.#seen.keys().next().value!);
    seen.inferences += 1;
    if (seen.inferences <= WARM_UP) return;
    seen.times.push(reports.map(({ totalMs }) => totalMs / 1000));
    if (seen.times.length > LEARNT_FROM) seen.times.shift();
    const counted = seen.inferences - WARM_UP;
    if (counted % LEARNT_FROM === 0) {
      this.#work = this.#work.then(() => this.#seek(fleet, host)).catch(() => undefined);
    } else if (counted % PACE_FROM === 0) {
      this.#keepPace(evidenceOf(fleet, host, plan, seen.times.slice(-PACE_FROM)));
    }
  }

  /** Plans need no word of it: whatever they are made of becomes slower, or faster, alike. */
  #keepPace({ measuredSeconds, predictedSeconds }: HostEvidence): void {
    if (!this.#inForce) return;
    const { host, factors } = this.#inForce;
    const predicted = predictedSeconds(factors);
    const pace = median(measuredSeconds.map((seconds, at) => seconds / predicted[at]!));
    if (Math.abs(Math.log(pace)) > HYSTERESIS) this.#inForce = { host, factors: atPace(factors, pace) };
  }

  async #seek(fleet: MeasuredFleet, host: string): Promise<void> {
    const { signal } = this.#ending;
    if (signal.aborted || this.#seen.size === 0) return;
    const evidence = [...this.#seen]
      .filter(([plan, { times }]) => times.length === LEARNT_FROM && canReprice(plan, fleet))
      .map(([plan, { times }]) => evidenceOf(fleet, host, plan, times));
    const factors = await finishedInSlices(hostFit(evidence, this.#inForce?.factors), { signal });
    // measured anew meanwhile
    if (this.#seen.size === 0) return;
    if (!isNews(factors, this.#inForce?.factors ?? {})) return;
    this.#inForce = { host, factors };
    this.#options.logger.debug({ factors }, 'The machine of the agents is as fast as their stages say.');
    this.#options.onChange();
  }
}

/** Plans are not made anew for less. */
function isNews(factors: HostFactors, before: HostFactors): boolean {
  const was = new Map(Object.entries(before));
  return Object.entries(factors).some(
    ([term, factor]) => Math.abs(Math.log(factor / (was.get(term) ?? 1))) > HYSTERESIS,
  );
}

/** The machine that the master and all agents share; undefined where one has another, or tells none. */
function hostOf({ master, agents, broker }: MeasuredFleet): string | undefined {
  const host = master.host?.id;
  const isOne =
    broker.kind === 'embedded' && agents.length > 0 && agents.every((agent) => agent.host?.id === host);
  return isOne ? host : undefined;
}

function evidenceOf(
  fleet: MeasuredFleet,
  host: string,
  plan: Plan,
  times: readonly (readonly number[])[],
): HostEvidence {
  const work = plan.stages.flatMap(({ shards }) => shards.flatMap(({ shard }) => shard.work));
  return {
    measuredSeconds: plan.stages.map((_, at) => median(times.map((seconds) => seconds[at]!))),
    predictedSeconds: (factors) => stageSecondsOf(plan, onHost(fleet, host, factors)),
    kinds: new Set(work.map(({ kind }) => kind)),
  };
}

/** Of each stage, with those that run at its side. */
function stageSecondsOf(plan: Plan, fleet: MeasuredFleet): number[] {
  return simulate(plan, new FleetModel(fleet, plan)).stages.map(({ terms }) =>
    Object.values(terms).reduce((sum, each) => sum + each, 0),
  );
}
