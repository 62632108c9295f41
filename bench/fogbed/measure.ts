import { median } from '../../src/estimator/statistics.ts';
import type { SummaryTimes } from '../../src/wire/messages/summary.ts';
import type { MasterChoice } from './commands.ts';
import type { FailedStrategy, MeasuredStrategy, Spread, Terms } from './document.ts';
import type { Fog } from './fog.ts';
import type { SeenInference, SeenPlan } from './seen.ts';

export interface MeasureOptions {
  readonly fog: Fog;
  /** As it is served, and its file. */
  readonly model: string;
  readonly file: string;
  readonly runs: number;
  readonly warmUp: number;
  /** No further run begins later, once there is one. */
  readonly patienceMs: number;
  /** What happens while the run in the middle is under way. */
  readonly trouble: { readonly stallMs?: number; readonly cut?: boolean };
  readonly onProgress: (text: string) => void;
}

/** So many changes of the plan are waited for; then what there is counts. */
const CHANGES = 2;
/** Largest distance of a lossless wire from the whole model, as a share of the output's largest magnitude. */
const TOLERANCE = 1e-4;

/**
 * Serves the model by one strategy, and measures inferences; of one that plans as one of the `known` did, these are taken,
 * because two measurements of one plan differ by chance only. The limits are off before and afterwards.
 */
export async function measureStrategy(
  options: MeasureOptions,
  choice: MasterChoice,
  known: readonly MeasuredStrategy[],
): Promise<MeasuredStrategy | FailedStrategy> {
  const { fog, model, file } = options;
  const { strategy, wire, inFlight } = choice;
  const onProgress = (text: string) => options.onProgress(`${strategy}, ${wire}: ${text}`);
  const own = { ...options, onProgress };
  try {
    onProgress('deploying');
    await fog.startMaster(choice);
    await fog.serve(model, file);
    const plans = new Plans(own);
    const { plan } = await plans.next();
    const same = known.find((each) => each.wire === wire && isSamePlan(each.stages, plan.stages));
    if (same) {
      onProgress(`the same plan as that of ${same.strategy}`);
      return { ...same, strategy, sameAs: same.sameAs ?? same.strategy };
    }
    let seen = await measuredPlan(own, plans, inFlight);
    while (seen.changed && plans.changes < CHANGES) {
      onProgress('the plan has changed while it was measured: anew');
      seen = await measuredPlan(own, plans, inFlight);
    }
    return documentOf(choice, seen);
  } catch (error) {
    await fog.setLimited(false);
    const said = error instanceof Error ? error.message : String(error);
    onProgress(said);
    return { strategy, wire, error: said };
  }
}

/** By what is told of plans: which stages, how they are cut, over how many, and what that was to take. */
function isSamePlan(a: SeenPlan['stages'], b: SeenPlan['stages']): boolean {
  const told = ({ name, scheme, agents, masterComputes, predictedMs }: SeenPlan['stages'][number]) =>
    JSON.stringify([name, scheme, agents, masterComputes, predictedMs.toPrecision(4)]);
  return a.length === b.length && a.every((stage, at) => told(stage) === told(b[at]!));
}

interface SeenRuns {
  readonly plan: SeenPlan;
  /** It was another one at the end. */
  readonly changed: boolean;
  readonly changes: number;
  readonly runs: readonly SeenInference[];
  readonly cableBytes: number;
  readonly cpuMs: MeasuredStrategy['cpuMs'];
  readonly framesPerSecond: number;
}

/** The plans that serve one after another, and how often they changed. */
class Plans {
  readonly #options: MeasureOptions;
  #last: SeenPlan | undefined;
  changes = 0;

  constructor(options: MeasureOptions) {
    this.#options = options;
  }

  /** The last of them. */
  get plan(): SeenPlan {
    if (!this.#last) throw new Error('no plan was asked for');
    return this.#last;
  }

  /** The plan that serves when the master has nothing more to plan, and whether it is another one than the last. */
  async next(): Promise<{ readonly plan: SeenPlan; readonly changed: boolean }> {
    const { fog, model } = this.#options;
    await fog.settled();
    const plan = await fog.client.call<SeenPlan>('plan', { model });
    const changed = this.#last !== undefined && this.#last.deployment !== plan.deployment;
    if (changed) this.changes += 1;
    this.#last = plan;
    return { plan, changed };
  }
}

/** What the master learns from the first inferences may change the plan: then they are the first ones again. */
async function warmPlan(options: MeasureOptions, plans: Plans): Promise<SeenPlan> {
  const { fog, model, warmUp, patienceMs, onProgress } = options;
  let { plan } = plans;
  for (let changed = warmUp > 0; changed; ) {
    await fog.setLimited(true);
    const began = performance.now();
    for (let run = 0; run < warmUp && performance.now() - began < patienceMs; run += 1) {
      const { latencyMs } = await fog.client.call<SeenInference>('infer', { model });
      onProgress(`to warm up: ${run + 1} of ${warmUp}, ${Math.round(latencyMs)} ms`);
    }
    await fog.setLimited(false);
    ({ plan, changed } = await plans.next());
    if (changed) onProgress('the plan has changed');
    changed &&= plans.changes < CHANGES;
  }
  return plan;
}

async function measuredPlan(options: MeasureOptions, plans: Plans, inFlight: number): Promise<SeenRuns> {
  const { fog, model, runs: wanted, patienceMs, onProgress } = options;
  const plan = await warmPlan(options, plans);
  await fog.setLimited(true);
  const began = performance.now();
  const runs: SeenInference[] = [];
  const before = await fog.masterBytes();
  const cpuBefore = await fog.cpuMs();
  while (runs.length < wanted && (runs.length === 0 || performance.now() - began < patienceMs)) {
    const running = fog.client.call<SeenInference>('infer', { model });
    if (runs.length === Math.floor(wanted / 2)) await makeTrouble(options);
    runs.push(await running);
    onProgress(`${runs.length} of ${wanted}, ${Math.round(runs.at(-1)!.latencyMs)} ms`);
  }
  const cableBytes = ((await fog.masterBytes()) - before) / runs.length;
  const cpuAfter = await fog.cpuMs();
  const cpuMs = {
    master: (cpuAfter.master - cpuBefore.master) / runs.length,
    agents: cpuAfter.agents.map((ms, at) => (ms - cpuBefore.agents[at]!) / runs.length),
  };
  let framesPerSecond = (1000 * runs.length) / runs.reduce((sum, { latencyMs }) => sum + latencyMs, 0);
  if (inFlight > 1) {
    onProgress(`${inFlight} at a time`);
    const count = inFlight * Math.max(3, runs.length);
    framesPerSecond = (1000 * count) / (await fog.client.call<number>('stream', { model, count, inFlight }));
  }
  await fog.setLimited(false);
  const { changed } = await plans.next();
  return { plan, changed, changes: plans.changes, runs, cableBytes, cpuMs, framesPerSecond };
}

async function makeTrouble({ fog, trouble, onProgress }: MeasureOptions): Promise<void> {
  const { stallMs, cut } = trouble;
  if (stallMs !== undefined) {
    onProgress(`nothing passes for ${stallMs} ms`);
    await fog.stall(stallMs);
  }
  if (cut) {
    onProgress('the first agent loses its connection');
    await fog.cut();
  }
}

function documentOf({ strategy, wire, inFlight }: MasterChoice, seen: SeenRuns): MeasuredStrategy {
  const { plan, changed, changes, runs, cableBytes, cpuMs, framesPerSecond } = seen;
  const difference = Math.max(...runs.map((run) => run.difference));
  // a lossy wire is far off by design: how far is told, and judged elsewhere
  if (wire === 'float32' && !(difference <= TOLERANCE)) {
    throw new Error(`its outputs are ${difference} off the whole model; at most ${TOLERANCE} is right`);
  }
  const latencyMs = spreadOf(runs.map((run) => run.latencyMs));
  return {
    ...{ strategy, wire, runs: runs.length, latencyMs },
    masterMs: spreadOf(runs.map((run) => run.masterMs)),
    // the baseline is known at the end
    speedup: Number.NaN,
    ...{ framesPerSecond, inFlight, predictedMs: plan.predictedMs },
    plan: { changes, settled: !changed },
    bytes: median(runs.map(({ stages }) => stages.reduce((sum, { bytes }) => sum + bytes, 0))),
    cableBytes: Math.round(cableBytes),
    perTerm: termsOf(runs.map(({ stages }) => stages.map(({ times }) => times))),
    cpuMs,
    difference,
    degraded: runs.filter((run) => run.degraded).length,
    stages: plan.stages.map((stage, at) => {
      const seenStages = runs.flatMap(({ stages }) => (stages[at]?.name === stage.name ? [stages[at]] : []));
      if (seenStages.length === 0) return { ...stage, measuredMs: 0, bytes: 0, perTerm: termsOf([]) };
      return {
        ...stage,
        measuredMs: median(seenStages.map(({ totalMs }) => totalMs)),
        bytes: median(seenStages.map(({ bytes }) => bytes)),
        perTerm: termsOf(seenStages.map(({ times }) => [times])),
      };
    }),
  };
}

/** Medians over the runs of the sums over the stages. */
function termsOf(runs: readonly (readonly SummaryTimes[])[]): Terms {
  const of = (term: keyof SummaryTimes) =>
    runs.length === 0 ? 0 : median(runs.map((stages) => stages.reduce((sum, times) => sum + times[term], 0)));
  return {
    partition: of('partitionMs'),
    transmit: of('transmitMs'),
    edge: of('edgeMs'),
    receive: of('receiveMs'),
    join: of('joinMs'),
  };
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}
