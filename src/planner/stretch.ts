import type { ComputeModel } from '../estimator/compute.ts';
import type { FleetModel, WorkerModel } from '../estimator/fleet-model.ts';
import { consumersOf, type Graph, type Node } from '../graph/graph.ts';
import { KnownParts } from '../partition/known-parts.ts';
import { type Run, runOf } from '../partition/run.ts';
import type { Work } from '../partition/work.ts';
import { elementBytes } from '../tensor/dtype.ts';
import { type Precision, wireTypeOf } from '../tensor/precision.ts';
import { sizeOf } from '../tensor/region.ts';
import { boundariesOf } from './boundaries.ts';
import type { Demand } from './run-teams.ts';
import { Signatures } from './signature.ts';
import { localShard } from './stages.ts';

/** The nodes between two neighbouring boundaries, as they cost at one worker. */
export interface Stretch {
  readonly work: readonly Work[];
  readonly filterBytes: number;
  /** At the master behind the stretch before, without the cost of a run. */
  readonly localSeconds: number;
  /** What it takes more where it begins a run: the activation behind a convolution is then no longer fused with it. */
  readonly openingSeconds: number;
}

/** The graph as the search sees it: boundaries, the stretches between them, and any run of stretches. */
export class Stretches {
  readonly boundaries: readonly number[];
  readonly all: readonly Stretch[];
  readonly #graph: Graph;
  readonly #wire: Precision;
  readonly #consumers: Map<string, Node[]>;
  readonly #signatures: Signatures;
  readonly #known: KnownParts;
  readonly #ideal = new Map<ComputeModel, readonly number[]>();
  readonly #runs = new Map<number, Run>();
  readonly #signed = new Map<number, string>();

  constructor(graph: Graph, model: FleetModel) {
    this.#graph = graph;
    this.#wire = model.wire;
    this.#consumers = consumersOf(graph.nodes);
    this.#signatures = new Signatures(graph);
    this.#known = new KnownParts(graph);
    this.boundaries = boundariesOf(graph);
    const secondsOf = (work: readonly Work[]) =>
      work.reduce((sum, each) => sum + model.master.compute.secondsOf(each), 0);
    const typed = graph.nodes.filter(({ outputs }) => graph.types.has(outputs[0] ?? ''));
    const together = localShard(this.run(0, this.boundaries.length - 1)).work;
    const workOf = new Map(typed.map((node, at) => [node, together[at]!]));
    this.all = this.boundaries.slice(0, -1).map((_, at) => {
      const run = this.run(at, at + 1);
      const alone = localShard(run);
      const work = run.nodes.flatMap((node) => workOf.get(node) ?? []);
      const localSeconds = secondsOf(work);
      const openingSeconds = secondsOf(alone.work) - localSeconds;
      return { work, filterBytes: alone.filterBytes, localSeconds, openingSeconds };
    });
  }

  /** The same object whenever it is asked for: what is known of it is not asked twice. */
  run(from: number, to: number): Run {
    const at = from * this.boundaries.length + to;
    let run = this.#runs.get(at);
    if (!run) {
      const nodes = this.#graph.nodes.slice(this.boundaries[from]!, this.boundaries[to]!);
      run = { ...runOf(this.#graph, nodes, this.#consumers), known: this.#known };
      this.#runs.set(at, run);
    }
    return run;
  }

  /** Equal for runs that cost the same. */
  signature(from: number, to: number): string {
    const at = from * this.boundaries.length + to;
    let signature = this.#signed.get(at);
    if (signature === undefined) {
      signature = this.#signatures.of(this.run(from, to));
      this.#signed.set(at, signature);
    }
    return signature;
  }

  /** Only tensors of known shape can travel. */
  canLeave({ graph, outputs }: Run): boolean {
    return outputs.length > 0 && outputs.every((tensor) => graph.types.has(tensor));
  }

  /** What the run asks of an agent. */
  demand(from: number, to: number): Demand {
    const run = this.run(from, to);
    return {
      seconds: (agent) => {
        const ideal = this.#idealOf(agent);
        let seconds = 0;
        for (let stretch = from; stretch < to; stretch += 1) seconds += ideal[stretch]!;
        return seconds;
      },
      bytesIn: this.#bytesOf(liveInputs(run)),
      bytesOut: this.outputBytes(run),
    };
  }

  #idealOf(agent: WorkerModel): readonly number[] {
    let ideal = this.#ideal.get(agent.compute);
    if (!ideal) {
      ideal = this.idealSeconds([agent]);
      this.#ideal.set(agent.compute, ideal);
    }
    return ideal;
  }

  /** Bytes of all that must leave the run, as it travels, without scales. */
  outputBytes({ outputs }: Run): number {
    return this.#bytesOf(outputs);
  }

  #bytesOf(tensors: readonly string[]): number {
    let bytes = 0;
    for (const tensor of tensors) {
      const type = this.#graph.types.get(tensor);
      if (!type) continue;
      const { dtype, shape } = wireTypeOf(type, this.#wire);
      bytes += elementBytes(dtype) * sizeOf(shape);
    }
    return bytes;
  }

  /**
   * Seconds below which the workers cannot be, were the work of each stretch divisible without loss: what they would
   * need together if every node ran at the rate of the whole node.
   */
  idealSeconds(workers: readonly WorkerModel[]): number[] {
    const kinds = new Map<ComputeModel, number>();
    for (const { compute } of workers) kinds.set(compute, (kinds.get(compute) ?? 0) + 1);
    return this.all.map(({ work }) => {
      let rate = 0;
      for (const [compute, count] of kinds) {
        const seconds = work.reduce((sum, each) => sum + compute.secondsOf(each), 0);
        if (seconds === 0) return 0;
        rate += count / seconds;
      }
      return 1 / rate;
    });
  }
}

/** The tensors that the run reads from outside. */
function liveInputs({ graph, nodes }: Run): string[] {
  const made = new Set(nodes.flatMap(({ outputs }) => outputs));
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  return [...read].filter((tensor) => tensor !== '' && !made.has(tensor) && !graph.initializers.has(tensor));
}
