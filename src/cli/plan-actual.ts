import type { Engine } from '../engine/engine.ts';
import { FleetModel } from '../estimator/fleet-model.ts';
import { median, relativeSpread } from '../estimator/statistics.ts';
import type { Master } from '../master/master.ts';
import type { Plan } from '../planner/plan.ts';
import { simulate } from '../simulation/simulate.ts';
import { type CliContext, quietLogger } from './context.ts';
import { LocalFleet } from './fleet/local-fleet.ts';
import { randomInputs } from './random-input.ts';
import type { ResolvedModel } from './resolve-model.ts';
import { msText, table } from './table.ts';

export interface ActualFlags {
  readonly agents: number;
  readonly strategy: string;
  readonly scheme: string;
  readonly runs: number;
}

export interface ActualStage {
  readonly name: string;
  readonly scheme: string;
  readonly predictedMs: number;
  /** Median of the runs. */
  readonly measuredMs: number;
  /** Median absolute deviation of the runs, as a share of their median. */
  readonly spread: number;
}

export interface Actual {
  /** What the prediction rests on: figures measured before the first inference, or such that inferences corrected. */
  readonly basis: 'calibrated' | 'corrected';
  readonly runs: number;
  readonly plan: Plan;
  readonly stages: readonly ActualStage[];
  /** Of |measured - predicted| / measured over the stages. */
  readonly medianAbsoluteError: number;
  readonly predictedMs: number;
  readonly measuredMs: number;
}

/** The first inferences touch memory, and run code, for the first time. */
const WARM_UP = 3;
/** The plan may move so often before we take what there is. */
const MOVES = 3;

/**
 * Plans the model for agents that are started on this machine and calibrated, each alone; runs it, and lays what each
 * stage took beside what was predicted before. Stages that run side by side are predicted so: by the whole plan.
 */
export async function measureActual(
  context: CliContext,
  model: ResolvedModel,
  engine: Engine,
  { agents, strategy, scheme, runs }: ActualFlags,
): Promise<Actual> {
  const { program, environment, lifetime, output } = context;
  const fleet = new LocalFleet({
    ...{ program, environment, agents, engine },
    model: { ...model, strategy, scheme },
    logger: quietLogger(context),
    calibrate: true,
    onProgress: (text) => output.progress(text),
  });
  lifetime.defer(() => fleet.stop());
  await fleet.start();
  const { master } = fleet;
  const inputs = randomInputs(model.graph);
  let deployment = master.deployment(model.name)!;
  let known = knownOf(master);
  let taken: { readonly stages: readonly number[]; readonly totalMs: number }[] = [];
  for (let run = 0; taken.length < WARM_UP + runs && run < MOVES * (WARM_UP + runs); run += 1) {
    output.progress(`Inference ${taken.length + 1} of ${WARM_UP + runs}`);
    const before = master.deployment(model.name)!;
    // what was seen in service may have changed the plan
    if (before !== deployment) taken = [];
    deployment = before;
    // what is predicted is said before the first inference that counts
    if (taken.length <= WARM_UP) known = knownOf(master);
    const { stages, totalMs } = await master.infer(model.name, `actual-${run}`, inputs);
    taken.push({ stages: stages.map((stage) => stage.totalMs), totalMs });
  }
  const { plan } = deployment;
  await fleet.stop();
  const steady = taken.slice(Math.min(WARM_UP, taken.length - 1));
  const simulated = simulate(plan, new FleetModel(known.profile));
  const stages = plan.stages.map(({ name, scheme: by }, at): ActualStage => {
    const predictedMs =
      1000 * Object.values(simulated.stages[at]!.terms).reduce((sum, each) => sum + each, 0);
    const measured = steady.map(({ stages: of }) => of[at]!);
    return { name, scheme: by, predictedMs, measuredMs: median(measured), spread: relativeSpread(measured) };
  });
  const errors = stages.map(({ predictedMs, measuredMs }) => Math.abs(measuredMs - predictedMs) / measuredMs);
  return {
    ...{ plan, basis: known.basis, runs: steady.length, stages, medianAbsoluteError: median(errors) },
    ...{
      predictedMs: 1000 * simulated.makespan,
      measuredMs: median(steady.map(({ totalMs }) => totalMs)),
    },
  };
}

function knownOf({ profiles }: Master) {
  return { profile: profiles.profile, basis: profiles.isCorrected ? 'corrected' : 'calibrated' } as const;
}

export function actualDocument(model: string, { plan, ...actual }: Actual): object {
  return { model, strategy: plan.strategy, ...actual };
}

export function actualText({
  stages,
  medianAbsoluteError,
  predictedMs,
  measuredMs,
  ...rest
}: Actual): string {
  const rows = stages.map((stage) => [
    stage.name,
    stage.scheme,
    msText(stage.predictedMs),
    msText(stage.measuredMs),
    `${Math.round(100 * stage.spread)} %`,
  ]);
  return [
    table(
      [
        { title: 'Stage' },
        { title: 'Scheme' },
        { title: 'Predicted ms', align: 'right' },
        { title: 'Measured ms', align: 'right' },
        { title: 'Spread', align: 'right' },
      ],
      rows,
    ),
    '',
    `Predicted by ${rest.basis} figures; measured: the median of ${rest.runs} inferences.`,
    `All: predicted ${msText(predictedMs)} ms, measured ${msText(measuredMs)} ms; median error of a stage ${Math.round(100 * medianAbsoluteError)} %`,
  ].join('\n');
}
