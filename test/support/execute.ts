import type { Engine } from '../../src/engine/engine.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { JoinedTensors } from '../../src/master/join.ts';
import type { Shard } from '../../src/partition/shard.ts';
import { dataflowOf } from '../../src/planner/dataflow.ts';
import type { Plan } from '../../src/planner/plan.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { runInLegs } from './legs.ts';

/** The whole graph as one program: what every plan must equal. */
export async function runWhole(
  engine: Engine,
  graph: Graph,
  inputs: ReadonlyMap<string, Tensor>,
): Promise<Map<string, Tensor>> {
  const program = await engine.compile(graph);
  const { outputs } = await program.run(graph.inputs.map((name) => inputs.get(name)!));
  await program.dispose();
  return new Map(graph.outputs.map((name, at) => [name, outputs[at]!]));
}

/** The plan's shards one after another in one process, without transport. */
export async function runPlan(
  engine: Engine,
  graph: Graph,
  plan: Plan,
  inputs: ReadonlyMap<string, Tensor>,
): Promise<Map<string, Tensor>> {
  const flow = dataflowOf(plan);
  const joined = new JoinedTensors(graph.types, flow, inputs, graph.outputs);
  const partsOf = (shard: Shard) => shard.inputs.map(({ tensor, region }) => joined.part(tensor, region));
  for (const { id, planned, stage, index } of flow.shards) {
    const { shard } = planned;
    if (shard.legs && index > 0) continue;
    if (shard.legs) {
      const shards = stage.shards.map((each) => each.shard);
      const made = await runInLegs(engine, shards, partsOf);
      for (const [at, { outputs }] of shards.entries())
        joined.placePart(outputs[0]!.tensor, outputs[0]!.region, made[at]![0]!);
      continue;
    }
    const program = await engine.compile(shard.program);
    const { outputs } = await program.run(partsOf(shard));
    shard.outputs.forEach(({ tensor, region, join }, at) => {
      if (join === 'place') joined.placePart(tensor, region, outputs[at]!);
      else joined.addPart(tensor, region, id, outputs[at]!.data);
    });
    await program.dispose();
  }
  return new Map(graph.outputs.map((name) => [name, graph.initializers.get(name) ?? joined.get(name)]));
}
