import type { Graph } from '../graph/graph.ts';
import type { FlowShard } from '../planner/dataflow.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { JoinedTensors } from './join.ts';
import { runLegShard } from './leg-attempts.ts';
import { type RequestState, runShard, type ShardContext } from './shard-attempts.ts';
import { type StageReport, StageTimes } from './stage-times.ts';

export interface InferenceResult {
  /** By output name. */
  readonly outputs: ReadonlyMap<string, Tensor>;
  /** True where a shard did not run where it was planned; the answer is right all the same. */
  readonly degraded: boolean;
  readonly stages: readonly StageReport[];
  readonly totalMs: number;
}

/** Walks the dataflow for one request: each shard fires when the shards that write what it reads have ended. */
export function runInference(
  context: ShardContext,
  graph: Graph,
  request: string,
  inputs: ReadonlyMap<string, Tensor>,
): Promise<InferenceResult> {
  const { flow } = context;
  const joined = new JoinedTensors(graph.types, flow, inputs, graph.outputs);
  const state: RequestState = { request, joined, times: new StageTimes(), sharedSent: new Map() };
  const waiting = flow.shards.map(({ dependencies }) => dependencies);
  const started = performance.now();
  let left = flow.shards.length;
  let degraded = false;
  return new Promise((resolve, reject) => {
    const finish = () => {
      const outputs = new Map(graph.outputs.map((name) => [name, outputOf(graph, joined, name)]));
      resolve({ outputs, degraded, stages: state.times.reports, totalMs: performance.now() - started });
    };
    let failed = false;
    const fail = (error: unknown) => {
      failed = true;
      reject(error);
    };
    const ended = (shard: FlowShard, asPlanned: boolean) => {
      degraded ||= !asPlanned;
      left -= 1;
      for (const tensor of new Set(shard.planned.shard.inputs.map((input) => input.tensor)))
        joined.release(tensor);
      if (failed) return;
      for (const next of shard.dependents) if (--waiting[next]! === 0) fire(next);
      if (left === 0) finish();
    };
    const fire = (id: number): void => {
      const shard = flow.shards[id]!;
      const run = shard.planned.shard.legs ? runLegShard : runShard;
      run(context, state, shard)
        .then(({ asPlanned }) => ended(shard, asPlanned))
        .catch(fail);
    };
    const ready = flow.shards.filter(({ dependencies }) => dependencies === 0);
    for (const { id } of ready) fire(id);
    if (left === 0) finish();
  });
}

/** An output may be a constant, or an input that passes through. */
function outputOf(graph: Graph, joined: JoinedTensors, name: string): Tensor {
  return graph.initializers.get(name) ?? joined.get(name);
}
