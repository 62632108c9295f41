import type { Engine } from '../engine/engine.ts';
import { FleetModel } from '../estimator/fleet-model.ts';
import type { FleetProfile } from '../estimator/profile.ts';
import type { StageReport } from '../master/stage-times.ts';
import type { Plan } from '../planner/plan.ts';
import { costOf } from '../planner/stages.ts';
import { PRECISIONS, type Precision } from '../tensor/precision.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { ClientFlags } from './client-options.ts';
import { type CliContext, quietLogger } from './context.ts';
import { LocalFleet } from './fleet/local-fleet.ts';
import type { Shapes } from './option-values.ts';
import type { ResolvedModel } from './resolve-model.ts';
import type { WireFlags } from './wire-option.ts';
import { withClient } from './with-client.ts';

export interface VerifyFlags extends ClientFlags, WireFlags {
  readonly agents: number;
  readonly strategy: string;
  readonly scheme: string;
  readonly input?: readonly string[];
  readonly shape?: Shapes;
  readonly seed: number;
  /** Default: as the wire allows. */
  readonly tolerance?: number;
  readonly state?: string;
  readonly engine?: string;
  readonly limit?: number;
  readonly masterLimit?: number;
}

/** What the inputs gave, one after another; what stages did, of the last one. */
export interface DistributedRun {
  readonly outputs: readonly ReadonlyMap<string, Tensor>[];
  readonly stages: readonly StageReport[];
  readonly totalMs: number;
  readonly agents: number;
  /** Null where the master does not tell. */
  readonly strategy: string | null;
  readonly scheme: string | null;
  readonly wire: Precision;
  readonly filterBytesSent?: number;
  /** What the same shards would move as float32. */
  readonly float32Bytes?: number;
}

type Inputs = ReadonlyMap<string, Tensor>;

/** On agents that are started for it, and ended before this returns. */
export async function runOnFleet(
  context: CliContext,
  model: ResolvedModel,
  inputs: readonly Inputs[],
  { agents, strategy, scheme, wire, state, limit, masterLimit }: VerifyFlags,
  engine: Engine,
): Promise<DistributedRun> {
  const { program, environment, lifetime, output } = context;
  const fleet = new LocalFleet({
    ...{ program, environment, agents, engine },
    model: { ...model, strategy, scheme, wire },
    logger: quietLogger(context),
    limits: {
      ...(limit === undefined ? {} : { agent: limit }),
      ...(masterLimit === undefined ? {} : { master: masterLimit }),
    },
    ...(state === undefined ? {} : { directory: state }),
    onProgress: (text) => output.progress(text),
  });
  lifetime.defer(() => fleet.stop());
  await fleet.start();
  output.progress(`Running ${model.name} on ${agents} agents`);
  const { master } = fleet;
  const infer = (given: Inputs, at: number) => master.infer(model.name, `verify-${at}`, given);
  const { outputs, stages, totalMs } = await inTurn(inputs, infer);
  const filterBytesSent = master.sentBytes;
  const plan = master.deployment(model.name)?.plan;
  const wide =
    plan && wire !== 'float32' ? { float32Bytes: float32BytesOf(plan, master.profiles.profile) } : {};
  await fleet.stop();
  const used = strategy === 'depth' ? scheme : schemesOf(stages);
  return { outputs, stages, totalMs, agents, strategy, scheme: used, wire, filterBytesSent, ...wide };
}

/** On the agents of a running master, which must serve the same model. */
export async function runThroughMaster(
  context: CliContext,
  model: ResolvedModel,
  inputs: readonly Inputs[],
  flags: VerifyFlags,
): Promise<DistributedRun> {
  return withClient(context, flags, async (client) => {
    context.output.progress(`Asking the master for ${model.name}`);
    const infer = async (tensors: Inputs) => {
      const { outputs, summary } = await client.infer(model.name, { tensors });
      return { ...summary, outputs };
    };
    const { outputs, stages, totalMs, agents, wire } = await inTurn(inputs, infer);
    // what a master of another version may name is checked as if it were as narrow as can be
    const known = PRECISIONS.find((precision) => precision === (wire ?? 'float32')) ?? 'int8';
    return { outputs, stages, totalMs, agents, strategy: null, scheme: schemesOf(stages), wire: known };
  });
}

/** The last answer, with the outputs of all. */
async function inTurn<A extends { readonly outputs: Inputs }>(
  inputs: readonly Inputs[],
  infer: (given: Inputs, at: number) => Promise<A>,
): Promise<Omit<A, 'outputs'> & { readonly outputs: readonly Inputs[] }> {
  const answers: A[] = [];
  for (const [at, given] of inputs.entries()) answers.push(await infer(given, at));
  return { ...answers.at(-1)!, outputs: answers.map(({ outputs }) => outputs) };
}

/** As the master and the agents would publish them. */
function float32BytesOf({ stages }: Plan, fleet: FleetProfile): number {
  const model = new FleetModel(fleet);
  return stages.reduce((sum, { shards }) => sum + costOf(model, shards).publishedBytes, 0);
}

/** The schemes in use; null where everything is local. */
function schemesOf(stages: readonly { readonly scheme: string }[]): string | null {
  const schemes = new Set(stages.map(({ scheme }) => scheme).filter((scheme) => scheme !== 'local'));
  return [...schemes].join(', ') || null;
}
