import { IsobathError } from '../base/errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { FlowShard } from '../planner/dataflow.ts';
import type { Precision } from '../tensor/precision.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { isRemote } from './held-types.ts';
import { JoinedTensors } from './join.ts';
import { runLegShard } from './leg-attempts.ts';
import { type RequestState, runShard, type ShardContext } from './shard-attempts.ts';
import { type StageReport, StageTimes } from './stage-times.ts';

export interface InferenceResult {
  /** By output name. */
  readonly outputs: ReadonlyMap<string, Tensor>;
  /** True where a shard did not run where it was planned; the answer is right all the same. */
  readonly degraded: boolean;
  /** The precision of feature maps on their way, where that loses some. */
  readonly wire?: Precision;
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
  const joined = new JoinedTensors(context.held, flow, inputs, graph.outputs);
  const state: RequestState = {
    ...{ request, joined, times: new StageTimes() },
    sharedSent: new Map(),
    late: new Set(),
  };
  const waiting = flow.shards.map(({ dependencies }) => dependencies);
  const { wire } = context.outlet;
  const travelled = flow.shards.some(({ planned }) => isRemote(planned));
  const lossy = wire === 'float32' || !travelled ? {} : { wire };
  const started = performance.now();
  let left = flow.shards.length;
  let degraded = false;
  return new Promise((resolve, reject) => {
    const finish = () => {
      const outputs = new Map(graph.outputs.map((name) => [name, outputOf(graph, joined, name)]));
      if (lossy.wire) refuseOverflow(outputs, lossy.wire);
      const totalMs = performance.now() - started;
      resolve({ outputs, degraded, ...lossy, stages: state.times.reports, totalMs });
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

/** Throws ISO_ERR_WIRE_OVERFLOW: a value that the wire could not carry has become infinite, or worse. */
function refuseOverflow(outputs: ReadonlyMap<string, Tensor>, wire: Precision): void {
  for (const [output, { dtype, data }] of outputs) {
    if (dtype !== 'float32' || isAllFinite(data as Float32Array)) continue;
    throw IsobathError.of('ISO_ERR_WIRE_OVERFLOW', { output, wire });
  }
}

/** What is not finite leaves no number but NaN when it is taken from itself. */
function isAllFinite(values: Float32Array): boolean {
  let sum = 0;
  for (let at = 0; at < values.length; at += 1) sum += values[at]! - values[at]!;
  return sum === 0;
}
