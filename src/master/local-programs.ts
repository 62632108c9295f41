import type { CompiledProgram, Engine } from '../engine/engine.ts';
import type { Graph } from '../graph/graph.ts';

/** Programs that the master runs itself: its local stages, and any shard that no agent could finish. */
export class LocalPrograms {
  readonly #engine: Engine;
  readonly #programs = new Map<Graph, Promise<CompiledProgram>>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Compiles the program once. */
  get(program: Graph): Promise<CompiledProgram> {
    let compiled = this.#programs.get(program);
    if (!compiled) {
      compiled = this.#engine.compile(program);
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
