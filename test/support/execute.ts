import type { Engine } from '../../src/engine/engine.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { JoinedTensors } from '../../src/master/join.ts';
import { dataflowOf } from '../../src/planner/dataflow.ts';
import type { Plan } from '../../src/planner/plan.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';

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
  for (const { id, planned } of flow.shards) {
    const { shard } = planned;
    const program = await engine.compile(shard.program);
    const parts = shard.inputs.map(({ tensor, region }) => joined.part(tensor, region));
    const { outputs } = await program.run(parts);
    shard.outputs.forEach(({ tensor, region, join }, at) => {
      if (join === 'place') joined.placePart(tensor, region, outputs[at]!);
      else joined.addPart(tensor, region, id, outputs[at]!.data);
    });
    await program.dispose();
  }
  return new Map(graph.outputs.map((name) => [name, graph.initializers.get(name) ?? joined.get(name)]));
}
