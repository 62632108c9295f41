import { sharedInputs } from '../partition/shared-inputs.ts';
import type { Region } from '../tensor/region.ts';
import { MASTER, type Plan, type PlannedShard, type Stage } from './plan.ts';

/** A shard of the plan with what it waits for: the unit that fires. */
export interface FlowShard {
  /** Position in the dataflow, in topological order. */
  readonly id: number;
  readonly stage: Stage;
  /** Number of the shard within its stage. */
  readonly index: number;
  readonly planned: PlannedShard;
  /** How many shards must end before this one can begin. */
  readonly dependencies: number;
  /** The shards that wait for this one. */
  readonly dependents: readonly number[];
}

/** A plan as a graph of shards: one fires when the regions it reads are complete. There is no barrier between stages. */
export interface Dataflow {
  readonly shards: readonly FlowShard[];
  /** Per stage, the inputs whose region all its agents read: they are published once. */
  readonly shared: readonly ReadonlySet<number>[];
  /** How many shards read each tensor; it can be dropped when they all ended. */
  readonly readers: ReadonlyMap<string, number>;
}

export function dataflowOf(plan: Plan): Dataflow {
  const flat = plan.stages.flatMap((stage) =>
    stage.shards.map((planned, index) => ({ stage, planned, index })),
  );
  const writers = new Map<string, { id: number; region: Region }[]>();
  const readers = new Map<string, number>();
  const dependents: number[][] = flat.map(() => []);
  const dependencies: number[] = [];
  flat.forEach(({ planned }, id) => {
    const waits = new Set<number>();
    // one in legs may have to run alone, and then reads more
    for (const { tensor, region } of (planned.shard.alone ?? planned.shard).inputs) {
      for (const writer of writers.get(tensor) ?? [])
        if (intersects(writer.region, region)) waits.add(writer.id);
    }
    for (const tensor of new Set(planned.shard.inputs.map((input) => input.tensor))) {
      readers.set(tensor, (readers.get(tensor) ?? 0) + 1);
    }
    for (const { tensor, region } of planned.shard.outputs) {
      const list = writers.get(tensor) ?? [];
      list.push({ id, region });
      writers.set(tensor, list);
    }
    for (const other of waits) dependents[other]!.push(id);
    dependencies.push(waits.size);
  });
  const shards = flat.map((entry, id) => ({
    ...entry,
    id,
    dependencies: dependencies[id]!,
    dependents: dependents[id]!,
  }));
  return { shards, shared: plan.stages.map(sharedInputsOf), readers };
}

/** Over the shards that run on agents: nothing is published for the master's own. */
function sharedInputsOf(stage: Stage): ReadonlySet<number> {
  return sharedInputs(stage.shards.filter(({ worker }) => worker !== MASTER).map(({ shard }) => shard));
}

function intersects(a: Region, b: Region): boolean {
  return a.every(([start, end], axis) => start < b[axis]![1] && b[axis]![0] < end);
}
