import { totalmem } from 'node:os';
import { type ComputeProbe, computeProbes, emptyProbe, memoryProbes } from '../estimator/compute-probes.ts';
import { CopyProbe } from '../estimator/copy-probe.ts';
import type { MeasuredCompute } from '../estimator/measured.ts';
import { type ProbeTimes, profileFrom } from '../estimator/profile-from-probes.ts';
import { median } from '../estimator/statistics.ts';
import { inputTypeOf } from '../graph/graph.ts';
import { sizeOf } from '../tensor/region.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Engine } from './engine.ts';

export interface BenchmarkOptions {
  /** No larger probe is begun after so long. Default 4000 ms. */
  readonly budgetMs?: number;
  /** A probe that would take longer is left out. Default 150 ms. */
  readonly longestMs?: number;
  /** Default: a thirtieth of the memory. */
  readonly maxProbeBytes?: number;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

/** Runs of one probe after the first, which warms up: as many as fit this time, within bounds. */
const PROBE_MS = 60;
const RUNS = { least: 3, most: 15, empty: 15, copy: 15 };
/** Silence before a run: in service, too, both threads slept before a shard came. */
const PAUSE_MS = 5;

/**
 * Measures how fast `engine` computes on this device, in the way in which shards are run. The engine may serve others
 * meanwhile: it queues, and a probe's time is what the engine says, without waiting. Throws what the engine throws.
 */
export async function benchmark(engine: Engine, options: BenchmarkOptions = {}): Promise<MeasuredCompute> {
  const { now = () => performance.now(), maxProbeBytes = totalmem() / 30 } = options;
  const { budgetMs = 4000, longestMs = 150 } = options;
  const started = now();
  const empty = [await timesOf(engine, emptyProbe(), RUNS.empty, now)];
  const rested = await timesOf(engine, emptyProbe(), RUNS.empty, now, PAUSE_MS);
  const timed: ProbeTimes[] = [];
  const ladders = [...computeProbes().values()].map((makers) => [...makers]);
  // Rung by rung, so that an end of the budget costs the largest probes, and a busy moment not one whole kind.
  for (let rung = 0; ladders.length > 0; rung += 1) {
    for (const ladder of [...ladders]) {
      const probe = ladder.shift()?.();
      const before = timed.findLast((times) => times.probe.kind === probe?.kind);
      const expected =
        probe && before ? (median(before.computeMs) * totalOf(probe)) / totalOf(before.probe) : 0;
      const late = now() - started > budgetMs;
      const tooMuch = probe && (expected > longestMs || probe.bytes > maxProbeBytes || late);
      if (!probe || (rung > 0 && tooMuch)) ladders.splice(ladders.indexOf(ladder), 1);
      else timed.push(await timesOf(engine, probe, RUNS.most, now));
    }
  }
  for (const make of memoryProbes()) timed.push(await timesOf(engine, make(), RUNS.most, now));
  // again: the first ones ran on a thread that had just started
  empty.push(await timesOf(engine, emptyProbe(), RUNS.empty, now));
  const copies = copySeconds(now);
  return profileFrom({ empty, rested, timed, copies, tookMs: now() - started });
}

function totalOf({ macs, nodes }: ComputeProbe): number {
  return macs * nodes;
}

async function timesOf(
  engine: Engine,
  probe: ComputeProbe,
  most: number,
  now: () => number,
  pauseMs = 0,
): Promise<ProbeTimes> {
  const { graph } = probe;
  const inputs = graph.inputs.map((name) => {
    const { shape } = inputTypeOf(graph, name);
    return Tensor.float32(shape, new Float32Array(sizeOf(shape)).fill(0.5));
  });
  const computeMs: number[] = [];
  const wholeMs: number[] = [];
  const program = await engine.compile(graph);
  try {
    await program.run(inputs);
    let spent = 0;
    while (computeMs.length < RUNS.least || (spent < PROBE_MS && computeMs.length < most)) {
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      const began = now();
      const result = await program.run(inputs);
      wholeMs.push(now() - began);
      computeMs.push(result.computeMs);
      spent += result.computeMs;
    }
  } finally {
    await program.dispose();
  }
  return { probe, computeMs, wholeMs };
}

/** Seconds per byte, one for each try. */
function copySeconds(now: () => number): number[] {
  const probe = new CopyProbe();
  probe.run();
  return Array.from({ length: RUNS.copy }, () => {
    const began = now();
    const bytes = probe.run();
    return (now() - began) / 1000 / bytes;
  });
}
