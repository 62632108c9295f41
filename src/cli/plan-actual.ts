import type { Engine } from '../engine/engine.ts';
import { median } from '../estimator/statistics.ts';
import type { Plan } from '../planner/plan.ts';
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
}

export interface Actual {
  readonly plan: Plan;
  readonly stages: readonly ActualStage[];
  /** Of |measured - predicted| / measured over the stages. */
  readonly medianAbsoluteError: number;
  readonly predictedMs: number;
  readonly measuredMs: number;
}

/** The first inferences touch memory for the first time. */
const WARM_UP = 2;
/** The plan may move so often before we take what there is. */
const MOVES = 3;

/**
 * Plans the model for agents that are started on this machine and calibrated as they run here, all at once because they
 * share its cores; runs it, and lays what each stage took beside what was predicted.
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
  let taken: { readonly stages: readonly number[]; readonly totalMs: number }[] = [];
  for (let run = 0; taken.length < WARM_UP + runs && run < MOVES * (WARM_UP + runs); run += 1) {
    output.progress(`Inference ${taken.length + 1} of ${WARM_UP + runs}`);
    const before = master.deployment(model.name)!;
    // what was seen in service may have changed the plan
    if (before !== deployment) taken = [];
    deployment = before;
    const { stages, totalMs } = await master.infer(model.name, `actual-${run}`, inputs);
    taken.push({ stages: stages.map((stage) => stage.totalMs), totalMs });
  }
  const { plan } = deployment;
  await fleet.stop();
  const steady = taken.slice(Math.min(WARM_UP, taken.length - 1));
  const stages = plan.stages.map(({ name, scheme: by, cost }, at): ActualStage => {
    const measuredMs = median(steady.map(({ stages: of }) => of[at]!));
    return { name, scheme: by, predictedMs: 1000 * cost.seconds, measuredMs };
  });
  const errors = stages.map(({ predictedMs, measuredMs }) => Math.abs(measuredMs - predictedMs) / measuredMs);
  return {
    ...{ plan, stages, medianAbsoluteError: median(errors) },
    ...{
      predictedMs: 1000 * plan.predictedSeconds,
      measuredMs: median(steady.map(({ totalMs }) => totalMs)),
    },
  };
}

export function actualDocument(model: string, { plan, ...actual }: Actual): object {
  return { model, strategy: plan.strategy, ...actual };
}

export function actualText({ stages, medianAbsoluteError, predictedMs, measuredMs }: Actual): string {
  const rows = stages.map((stage) => [
    stage.name,
    stage.scheme,
    msText(stage.predictedMs),
    msText(stage.measuredMs),
  ]);
  return [
    table(
      [
        { title: 'Stage' },
        { title: 'Scheme' },
        { title: 'Predicted ms', align: 'right' },
        { title: 'Measured ms', align: 'right' },
      ],
      rows,
    ),
    '',
    `All: predicted ${msText(predictedMs)} ms, measured ${msText(measuredMs)} ms; median error of a stage ${Math.round(100 * medianAbsoluteError)} %`,
  ].join('\n');
}
