import type { Engine } from '../engine/engine.ts';
import { FleetModel } from '../estimator/fleet-model.ts';
import type { FleetProfile } from '../estimator/profile.ts';
import { median, relativeSpread } from '../estimator/statistics.ts';
import { LEARNT_FROM, WARM_UP } from '../master/host-correction.ts';
import type { Master } from '../master/master.ts';
import type { Plan } from '../planner/plan.ts';
import { simulate } from '../simulation/simulate.ts';
import type { Precision } from '../tensor/precision.ts';
import { type CliContext, quietLogger } from './context.ts';
import { LocalFleet } from './fleet/local-fleet.ts';
import { randomInputs } from './random-input.ts';
import type { ResolvedModel } from './resolve-model.ts';
import { msText, table } from './table.ts';

export interface ActualFlags {
  readonly agents: number;
  readonly strategy: string;
  readonly scheme: string;
  readonly wire: Precision;
  readonly runs: number;
}

export interface ActualStage {
  readonly name: string;
  readonly scheme: string;
  /** By what was measured before the first inference. */
  readonly calibratedMs: number;
  /** Median of what was said before each of the runs, by what was known then. */
  readonly predictedMs: number;
  /** Median of the runs. */
  readonly measuredMs: number;
  /** Median absolute deviation of the runs, as a share of their median. */
  readonly spread: number;
}

export interface Actual {
  /** What `predictedMs` rests on: figures measured before the first inference, or such that earlier inferences corrected. */
  readonly basis: 'calibrated' | 'corrected';
  /** Inferences from which the master learnt before the first that counts. */
  readonly learnt: number;
  readonly runs: number;
  readonly plan: Plan;
  readonly stages: readonly ActualStage[];
  /** Of |measured - predicted| / measured over the stages. */
  readonly medianAbsoluteError: number;
  /** The same of `calibratedMs`. */
  readonly calibratedError: number;
  readonly calibratedMs: number;
  readonly predictedMs: number;
  readonly measuredMs: number;
}

/** A master has learnt from so many inferences of one plan. */
const LEARNT = WARM_UP + LEARNT_FROM;
/** The plan may move, or inferences not run as planned, so often before we take what there is. */
const MOVES = 3;

/**
 * Plans the model for agents that are started on this machine and calibrated, each alone; serves it, as any master does,
 * until what stages take has corrected the figures; then predicts an inference, runs it, predicts the next by what was
 * learnt meanwhile, and lays the two side by side. No inference says anything of its own prediction. Stages that run side
 * by side are predicted so: by the whole plan.
 */
export async function measureActual(
  context: CliContext,
  model: ResolvedModel,
  engine: Engine,
  { agents, strategy, scheme, wire, runs }: ActualFlags,
): Promise<Actual> {
  const { program, environment, lifetime, output } = context;
  const fleet = new LocalFleet({
    ...{ program, environment, agents, engine },
    model: { ...model, strategy, scheme, wire },
    logger: quietLogger(context),
    calibrate: true,
    onProgress: (text) => output.progress(text),
  });
  lifetime.defer(() => fleet.stop());
  await fleet.start();
  const { master } = fleet;
  const inputs = randomInputs(model.graph);
  let serial = 0;
  const infer = async (): Promise<Times | undefined> => {
    const { stages, totalMs, degraded } = await master.infer(model.name, `actual-${serial++}`, inputs);
    return degraded ? undefined : { stages: stages.map((stage) => stage.totalMs), totalMs };
  };
  const { measured: calibrated } = master.profiles;
  const learnt = await learn(master, model.name, (at) => {
    output.progress(`Inference ${at} of ${LEARNT}, from which the master learns`);
    return infer();
  });
  const { plan } = master.deployment(model.name)!;
  const basis = master.profiles.isCorrected ? 'corrected' : 'calibrated';
  const before = predictionOf(plan, calibrated);
  const said: Times[] = [];
  const taken: Times[] = [];
  for (let run = 0; taken.length < runs && run < MOVES * runs; run += 1) {
    if (master.deployment(model.name)!.plan !== plan) break;
    output.progress(`Inference ${taken.length + 1} of ${runs}`);
    const prediction = predictionOf(plan, master.profiles.profile);
    const times = await infer();
    if (times) {
      said.push(prediction);
      taken.push(times);
    }
    await master.profiles.corrected();
  }
  await fleet.stop();
  const stages = plan.stages.map(({ name, scheme: by }, at): ActualStage => {
    const seen = taken.map(({ stages: of }) => of[at]!);
    const predictedMs = median(said.map(({ stages: of }) => of[at]!));
    const ms = { calibratedMs: before.stages[at]!, predictedMs, measuredMs: median(seen) };
    return { name, scheme: by, ...ms, spread: relativeSpread(seen) };
  });
  const errorOf = (by: 'predictedMs' | 'calibratedMs') =>
    median(stages.map(({ measuredMs, ...stage }) => Math.abs(measuredMs - stage[by]) / measuredMs));
  return {
    ...{ plan, basis, learnt, runs: taken.length, stages },
    ...{ medianAbsoluteError: errorOf('predictedMs'), calibratedError: errorOf('calibratedMs') },
    ...{ calibratedMs: before.totalMs, predictedMs: median(said.map(({ totalMs }) => totalMs)) },
    measuredMs: median(taken.map(({ totalMs }) => totalMs)),
  };
}

/**
 * Serves until one plan was seen often enough, and ran as planned; gives how many inferences that took. What was seen may
 * move the plan.
 */
async function learn(
  master: Master,
  model: string,
  infer: (at: number) => Promise<unknown>,
): Promise<number> {
  let deployment = master.deployment(model);
  let run = 0;
  for (let seen = 0; seen < LEARNT && run < MOVES * LEARNT; run += 1) {
    if (await infer(seen + 1)) seen += 1;
    await master.profiles.corrected();
    const now = master.deployment(model);
    if (now !== deployment) seen = 0;
    deployment = now;
  }
  return run;
}

/** Milliseconds of each stage, and of the whole. */
interface Times {
  readonly stages: readonly number[];
  readonly totalMs: number;
}

function predictionOf(plan: Plan, fleet: FleetProfile): Times {
  const { stages, makespan } = simulate(plan, new FleetModel(fleet, plan));
  const seconds = stages.map(({ terms }) => Object.values(terms).reduce((sum, each) => sum + each, 0));
  return { stages: seconds.map((each) => 1000 * each), totalMs: 1000 * makespan };
}

export function actualDocument(model: string, { plan, ...actual }: Actual): object {
  return { model, strategy: plan.strategy, ...actual };
}

export function actualText({ stages, runs, learnt, basis, ...rest }: Actual): string {
  const rows = stages.map((stage) => [
    stage.name,
    stage.scheme,
    msText(stage.calibratedMs),
    msText(stage.predictedMs),
    msText(stage.measuredMs),
    `${Math.round(100 * stage.spread)} %`,
  ]);
  const error = (of: number) => `median error of a stage ${Math.round(100 * of)} %`;
  const { calibratedMs, predictedMs, measuredMs, calibratedError, medianAbsoluteError } = rest;
  return [
    table(
      [
        { title: 'Stage' },
        { title: 'Scheme' },
        { title: 'Calibrated ms', align: 'right' },
        { title: 'Predicted ms', align: 'right' },
        { title: 'Measured ms', align: 'right' },
        { title: 'Spread', align: 'right' },
      ],
      rows,
    ),
    '',
    `Calibrated: before the first inference. Predicted: by ${basis} figures, after ${learnt} inferences, before each of ${runs} more. Measured: those.`,
    `All: calibrated ${msText(calibratedMs)} ms, ${error(calibratedError)}`,
    `     predicted  ${msText(predictedMs)} ms, ${error(medianAbsoluteError)}`,
    `     measured   ${msText(measuredMs)} ms`,
  ].join('\n');
}
