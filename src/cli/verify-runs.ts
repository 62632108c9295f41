import type { Engine } from '../engine/engine.ts';
import type { StageReport } from '../master/stage-times.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { ClientFlags } from './client-options.ts';
import { type CliContext, quietLogger } from './context.ts';
import { LocalFleet } from './fleet/local-fleet.ts';
import type { Shapes } from './option-values.ts';
import type { ResolvedModel } from './resolve-model.ts';
import { withClient } from './with-client.ts';

export interface VerifyFlags extends ClientFlags {
  readonly agents: number;
  readonly strategy: string;
  readonly scheme: string;
  readonly input?: string;
  readonly shape?: Shapes;
  readonly seed: number;
  readonly tolerance: number;
  readonly state?: string;
  readonly engine?: string;
  readonly limit?: number;
  readonly masterLimit?: number;
}

export interface DistributedRun {
  readonly outputs: ReadonlyMap<string, Tensor>;
  readonly stages: readonly StageReport[];
  readonly totalMs: number;
  readonly agents: number;
  /** Null where the master does not tell. */
  readonly strategy: string | null;
  readonly scheme: string | null;
  readonly filterBytesSent?: number;
}

type Inputs = ReadonlyMap<string, Tensor>;

/** On agents that are started for it, and ended before this returns. */
export async function runOnFleet(
  context: CliContext,
  model: ResolvedModel,
  inputs: Inputs,
  { agents, strategy, scheme, state, limit, masterLimit }: VerifyFlags,
  engine: Engine,
): Promise<DistributedRun> {
  const { program, environment, lifetime, output } = context;
  const fleet = new LocalFleet({
    ...{ program, environment, agents, engine },
    model: { ...model, strategy, scheme },
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
  const { outputs, stages, totalMs } = await fleet.master.infer(model.name, 'verify', inputs);
  const filterBytesSent = fleet.master.sentBytes;
  await fleet.stop();
  const used = strategy === 'depth' ? scheme : schemesOf(stages);
  return { outputs, stages, totalMs, agents, strategy, scheme: used, filterBytesSent };
}

/** On the agents of a running master, which must serve the same model. */
export async function runThroughMaster(
  context: CliContext,
  model: ResolvedModel,
  inputs: Inputs,
  flags: VerifyFlags,
): Promise<DistributedRun> {
  return withClient(context, flags, async (client) => {
    context.output.progress(`Asking the master for ${model.name}`);
    const { outputs, summary } = await client.infer(model.name, { tensors: inputs });
    const { stages, totalMs, agents } = summary;
    return { outputs, stages, totalMs, agents, strategy: null, scheme: schemesOf(stages) };
  });
}

/** The schemes in use; null where everything is local. */
function schemesOf(stages: readonly { readonly scheme: string }[]): string | null {
  const schemes = new Set(stages.map(({ scheme }) => scheme).filter((scheme) => scheme !== 'local'));
  return [...schemes].join(', ') || null;
}
