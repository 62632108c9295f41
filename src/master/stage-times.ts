import type { FlowShard } from '../planner/dataflow.ts';

/** The paper's five terms, of one shard, in milliseconds: durations on one machine's monotonic clock each. */
export interface ShardTiming {
  /** T_part: slicing and encoding the IFM regions. */
  readonly partitionMs: number;
  /** T_tx: from the first byte handed over until the agent has all, and the way of the first OFM byte back. */
  readonly transmitMs: number;
  /** T_edge: queueing and computing at the worker. */
  readonly edgeMs: number;
  /** T_rx: from the first to the last OFM chunk. */
  readonly receiveMs: number;
  /** T_join: placing and summing. */
  readonly joinMs: number;
}

/** What one stage took in one inference. */
export interface StageReport {
  readonly name: string;
  readonly scheme: string;
  readonly shards: number;
  /** IFM and OFM bytes that travelled, without headers; a shared region counts once. */
  readonly bytes: number;
  /** Of the shard that ended last. */
  readonly times: ShardTiming;
  /** From the first shard's start to the last one's end. */
  readonly totalMs: number;
}

/** Collects what the shards of an inference took. */
export class StageTimes {
  readonly #stages = new Map<
    number,
    { flow: FlowShard; startedMs: number; endedMs: number; bytes: number; times: ShardTiming; shards: number }
  >();

  begin(flow: FlowShard): void {
    if (this.#stages.has(flow.stage.index)) return;
    const times = { partitionMs: 0, transmitMs: 0, edgeMs: 0, receiveMs: 0, joinMs: 0 };
    const now = performance.now();
    this.#stages.set(flow.stage.index, { flow, startedMs: now, endedMs: now, bytes: 0, times, shards: 0 });
  }

  addBytes(flow: FlowShard, bytes: number): void {
    this.#stages.get(flow.stage.index)!.bytes += bytes;
  }

  end(flow: FlowShard, times: ShardTiming): void {
    const stage = this.#stages.get(flow.stage.index)!;
    stage.endedMs = performance.now();
    stage.times = times;
    stage.shards += 1;
  }

  get reports(): StageReport[] {
    return [...this.#stages]
      .sort(([a], [b]) => a - b)
      .map(([, { flow, startedMs, endedMs, bytes, times, shards }]) => ({
        name: flow.stage.name,
        scheme: flow.stage.scheme,
        shards,
        bytes,
        times,
        totalMs: endedMs - startedMs,
      }));
  }
}
