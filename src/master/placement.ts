import { type Graph, knownTypeOf } from '../graph/graph.ts';
import type { Dataflow, FlowShard } from '../planner/dataflow.ts';
import { MASTER, type PlannedShard, workersOf } from '../planner/plan.ts';
import { type Precision, wireTypeOf } from '../tensor/precision.ts';
import type { ShardProgram } from '../wire/messages/control.ts';
import { programsOf, shippedLegs } from './leg-specs.ts';
import type { Blob, PackedProgram } from './packed-program.ts';

/** The agents that may run the shard as planned. */
export function agentsOf(planned: PlannedShard): string[] {
  return workersOf(planned).filter((worker) => worker !== MASTER);
}

/**
 * By shard, the agents that hold its program: the planned ones, then those that hold the same program anyway, then as many more as
 * `standby` says.
 */
export function holdersOf(
  { shards }: Dataflow,
  packed: ReadonlyMap<number, PackedProgram>,
  standby = 0,
): string[][] {
  const holdersOfProgram = new Map<string, Set<string>>();
  for (const { id, planned } of shards) {
    const sha256 = packed.get(id)?.program.sha256;
    if (!sha256 || planned.shard.legs) continue;
    const holders = holdersOfProgram.get(sha256) ?? new Set();
    for (const worker of agentsOf(planned)) holders.add(worker);
    holdersOfProgram.set(sha256, holders);
  }
  const agents = [...new Set([...holdersOfProgram.values()].flatMap((set) => [...set]))];
  return shards.map(({ id, planned }) => {
    const sha256 = packed.get(id)?.program.sha256;
    if (!sha256) return [];
    const own = agentsOf(planned);
    // its neighbours know of no other worker
    if (planned.shard.legs) return own;
    const others = [...holdersOfProgram.get(sha256)!].filter((agent) => !own.includes(agent));
    const from = agents.indexOf(planned.worker) + 1;
    const spare = [...agents.slice(from), ...agents.slice(0, from)].filter(
      (agent) => !own.includes(agent) && !others.includes(agent),
    );
    return [...own, ...others, ...spare.slice(0, standby)];
  });
}

export interface Placed {
  readonly packed: PackedProgram;
  readonly agent: string;
  readonly wire: Precision;
}

/** What `agent` is told of the shard. */
export function shardProgramOf(
  { shared }: Dataflow,
  { stage, index, planned }: FlowShard,
  { packed, agent, wire }: Placed,
): ShardProgram {
  const { shard } = planned;
  const [first] = programsOf(shard) as [Graph];
  const typeIn = (part: Graph) => (tensor: string) => ({
    tensor,
    ...wireTypeOf(knownTypeOf(part.types, tensor), wire),
  });
  const typeOf = typeIn(first);
  const ref = ({ sha256, bytes }: Blob) => ({ sha256, bytes });
  const { program, filters, later } = packed;
  return {
    stage: stage.index,
    shard: index,
    program: ref(program),
    inputs: first.inputs.map((name, at) => ({ ...typeOf(name), shared: shared[stage.index]!.has(at) })),
    outputs: shard.program.outputs.map(typeIn(shard.program)),
    blobs: filters.map(ref),
    ...(later ? { legs: shippedLegs(stage.shards, index, later.map(ref)) } : {}),
    standby: !agentsOf(planned).includes(agent),
  };
}
