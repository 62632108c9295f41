import { reasonOf } from '../base/errors.ts';
import type { FlowShard } from '../planner/dataflow.ts';
import { MASTER } from '../planner/plan.ts';
import { LEG_ATTEMPT } from './leg-shards.ts';
import { DeadlineError } from './remote-shards.ts';
import {
  joinOwn,
  missed,
  type RequestState,
  runLocally,
  runRemotely,
  type ShardContext,
} from './shard-attempts.ts';

/**
 * Runs a shard in legs where it was planned, together with the others of its stage. If that fails, those that wait for
 * its pieces are told, and the master makes its outputs alone. Rejects only where the master itself fails.
 */
export async function runLegShard(
  context: ShardContext,
  state: RequestState,
  flow: FlowShard,
): Promise<{ asPlanned: boolean }> {
  state.times.begin(flow);
  const { worker, shard } = flow.planned;
  try {
    if (worker === MASTER) await runOwnLegs(context, state, flow);
    else if (context.holds(worker) && !state.late.has(worker))
      await runRemotely(context, state, flow, worker, LEG_ATTEMPT);
    else throw new Error(`the agent ${worker} is not there`);
    state.times.addBytes(flow, sentBytes(flow));
    return { asPlanned: true };
  } catch (error) {
    const facts = { request: state.request, stage: flow.stage.name, shard: flow.index, agent: worker };
    context.logger.warn(facts, `A shard is run alone by the master: ${reasonOf(error)}.`);
    if (error instanceof DeadlineError) missed(context, state, worker, error);
    context.legs.tellGone(state.request, flow);
    await runLocally(context, state, flow, shard.alone!);
    return { asPlanned: false };
  }
}

/** The master's own share of the stage. */
async function runOwnLegs(context: ShardContext, state: RequestState, flow: FlowShard): Promise<void> {
  const { joined, request } = state;
  const started = performance.now();
  const { inputs } = flow.planned.shard;
  const parts = inputs.map(({ tensor, region }) => joined.part(tensor, region));
  // what is a view of a joined tensor is needed again if it must run alone
  const consume = parts.every(({ data }, at) => data.buffer !== joined.get(inputs[at]!.tensor).data.buffer);
  const begun = performance.now();
  const maxWaitMs = context.deadlines.of(flow.stage.index);
  const { outputs } = await context.legs.run(flow, { request, inputs: parts, consume, maxWaitMs });
  joinOwn(state, flow, outputs, { started, edgeMs: performance.now() - begun });
}

/** Of the pieces for its neighbours. */
function sentBytes({ planned }: FlowShard): number {
  let bytes = 0;
  for (const { sends } of planned.shard.legs!) for (const piece of sends) bytes += piece.bytes;
  return bytes;
}
