import { availableParallelism } from 'node:os';
import { IsobathError, reasonOf } from '../../base/errors.ts';
import { writeOnnx } from '../../formats/onnx/write.ts';
import type { Graph } from '../../graph/graph.ts';
import type { ArrayOf, DType } from '../../tensor/dtype.ts';
import { bytesOf, Tensor } from '../../tensor/tensor.ts';
import type { CompiledProgram, Engine, EngineOptions, RunResult } from '../engine.ts';
import { EngineThread } from '../engine-thread.ts';
import { movable, ownCopy } from '../transfer.ts';
import { type DeclaredOutput, requireHeld } from '../unheld.ts';
import { kernelGraph } from './kernel-graph.ts';

const NAME = 'onnxruntime';

/** Filters of at least this many bytes reach onnxruntime beside the model, so that they are copied once, not thrice. */
const EXTERNAL_BYTES = 1024;

/** How far onnxruntime rewrites a program before it runs it, from nothing to everything. */
export const OPTIMIZATIONS = ['disabled', 'basic', 'extended', 'layout', 'all'] as const;
export type Optimization = (typeof OPTIMIZATIONS)[number];

export interface OnnxruntimeOptions extends EngineOptions {
  /** Default: `all`. */
  readonly optimization?: Optimization;
}

interface PlainTensor {
  readonly dtype: DType;
  readonly shape: number[];
  readonly data: ArrayOf<DType>;
}

/** onnxruntime in a thread of its own. Runs of one engine follow one another; each may use `threads` cores. */
export class OnnxruntimeEngine implements Engine {
  readonly name = NAME;
  readonly knowsNarrowTypes = true;
  readonly threads: number;
  readonly #optimization: Optimization;
  #version = 'not loaded';
  #thread: EngineThread | undefined;
  #sessions = 0;

  constructor(options: OnnxruntimeOptions = {}) {
    this.threads = options.threads ?? availableParallelism();
    this.#optimization = options.optimization ?? 'all';
  }

  get version(): string {
    return this.#version;
  }

  async start(): Promise<void> {
    if (this.#thread) return;
    // From 1.30 on, onnxruntime reports to its maker by default, and writes logs of that. Set here, not in the thread:
    // only the main thread's `process.env` reaches native code. Whoever wants it sets 0.
    process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
    this.#thread = new EngineThread(new URL('./session-worker.js', import.meta.url));
    try {
      const { version } = await this.#thread.call<{ version: string }>('load', {});
      this.#version = version;
    } catch (error) {
      await this.stop();
      throw IsobathError.of('ISO_ERR_ENGINE_UNAVAILABLE', { engine: NAME, reason: reasonOf(error) }, error);
    }
  }

  async stop(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.terminate();
  }

  async compile(program: Graph): Promise<CompiledProgram> {
    const thread = this.#running(program);
    const session = this.#sessions++;
    try {
      const external: { path: string; data: Uint8Array }[] = [];
      const model = writeOnnx(kernelGraph(program), {
        external: (_, tensor) => {
          if (tensor.byteLength < EXTERNAL_BYTES) return undefined;
          const location = `filters-${external.length}`;
          external.push({ path: location, data: ownCopy(bytesOf(tensor.data)) });
          return { location };
        },
      });
      const bytes = ownCopy(model);
      const transfer = [bytes, ...external.map(({ data }) => data)].map(
        ({ buffer }) => buffer as ArrayBuffer,
      );
      const settings = { threads: this.threads, optimization: this.#optimization };
      const request = { session, model: bytes, external, ...settings };
      const { outputs } = await thread.call<{ outputs: DeclaredOutput[] }>('open', request, transfer);
      requireHeld(program, outputs);
    } catch (error) {
      if (error instanceof IsobathError) {
        await thread.call('close', { session }).catch(() => undefined);
        throw error;
      }
      throw this.#failure('ISO_ERR_ENGINE_COMPILE', thread, program, error);
    }
    return {
      run: (inputs, options) => this.#run(program, session, inputs, options?.consume ?? false),
      // a thread that has ended holds nothing any more
      dispose: () => thread.call<void>('close', { session }).catch(() => undefined),
    };
  }

  async #run(
    program: Graph,
    session: number,
    inputs: readonly Tensor[],
    consume: boolean,
  ): Promise<RunResult> {
    const thread = this.#running(program);
    try {
      const taken = new Set<ArrayBufferLike>();
      const plain = inputs.map(({ dtype, shape, data }) => ({
        dtype,
        shape,
        data: movable(data, consume, taken),
      }));
      const transfer = plain.map(({ data }) => data.buffer as ArrayBuffer);
      const request = { session, names: program.inputs, inputs: plain, outputs: program.outputs };
      const { tensors, computeMs } = await thread.call<{ tensors: PlainTensor[]; computeMs: number }>(
        'run',
        request,
        transfer,
      );
      return { outputs: tensors.map(({ dtype, shape, data }) => Tensor.of(dtype, shape, data)), computeMs };
    } catch (error) {
      throw this.#failure('ISO_ERR_ENGINE_RUN', thread, program, error);
    }
  }

  /** What ends because the engine was stopped has not failed. */
  #failure(
    code: 'ISO_ERR_ENGINE_COMPILE' | 'ISO_ERR_ENGINE_RUN',
    thread: EngineThread,
    program: Graph,
    cause: unknown,
  ): IsobathError {
    const details = { engine: NAME, program: program.name, reason: reasonOf(cause) };
    return IsobathError.of(this.#thread === thread ? code : 'ISO_ERR_ENGINE_CLOSED', details, cause);
  }

  #running(program: Graph): EngineThread {
    if (this.#thread) return this.#thread;
    throw IsobathError.of('ISO_ERR_ENGINE_CLOSED', { engine: NAME, program: program.name });
  }
}
