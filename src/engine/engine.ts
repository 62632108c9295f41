import type { Service } from '../base/service.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../tensor/tensor.ts';

export interface EngineOptions {
  /** Threads of one run. Default: one per core. */
  readonly threads?: number;
}

/** What one run gave. */
export interface RunResult {
  /** In the order of the program's `outputs`. */
  readonly outputs: Tensor[];
  /** Milliseconds inside the engine, without queueing and copying. */
  readonly computeMs: number;
}

/** A program that is ready to run many times. */
export interface CompiledProgram {
  /**
   * Runs off the event loop. `inputs` in the order of the program's `inputs`.
   * With `consume` the engine takes the inputs' memory for itself: they are unusable afterwards, and no copy is made.
   * Throws ISO_ERR_ENGINE_RUN, ISO_ERR_ENGINE_CLOSED.
   */
  run(inputs: readonly Tensor[], options?: { readonly consume?: boolean }): Promise<RunResult>;
  dispose(): Promise<void>;
}

/**
 * What computes. Any number of programs may be compiled and run at the same time; the engine queues what it cannot
 * do in parallel. `start` throws ISO_ERR_ENGINE_UNAVAILABLE where the engine does not load.
 */
export interface Engine extends Service {
  readonly name: string;
  /** Version of the native library; known after `start`. */
  readonly version: string;
  readonly threads: number;
  /** True where programs may have float16 and int8 tensors. Default: they may not. */
  readonly knowsNarrowTypes?: boolean;
  /** Throws ISO_ERR_ENGINE_COMPILE naming the operator that is not supported. */
  compile(program: Graph): Promise<CompiledProgram>;
}
