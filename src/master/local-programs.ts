import type { CompiledProgram, Engine } from '../engine/engine.ts';
import { compileForWire } from '../engine/wire-program.ts';
import type { Graph } from '../graph/graph.ts';
import type { PlannedShard } from '../planner/plan.ts';
import type { TensorType } from '../tensor/tensor.ts';
import { heldEdges } from './held-types.ts';

/** Programs that the master runs itself: its local stages, and any shard that no agent could finish. */
export class LocalPrograms {
  readonly #engine: Engine;
  readonly #held: ReadonlyMap<string, TensorType>;
  readonly #programs = new Map<Graph, Promise<CompiledProgram>>();

  /** `held` are the types in which the model's tensors are kept. */
  constructor(engine: Engine, held: ReadonlyMap<string, TensorType>) {
    this.#engine = engine;
    this.#held = held;
  }

  /** Compiles the shard's program once. */
  get(planned: PlannedShard): Promise<CompiledProgram> {
    const { program } = planned.shard;
    let compiled = this.#programs.get(program);
    if (!compiled) {
      compiled = compileForWire(this.#engine, program, heldEdges(planned, this.#held));
      this.#programs.set(program, compiled);
      compiled.catch(() => this.#programs.delete(program));
    }
    return compiled;
  }

  async dispose(): Promise<void> {
    const programs = [...this.#programs.values()];
    this.#programs.clear();
    await Promise.allSettled(programs.map(async (program) => (await program).dispose()));
  }
}
