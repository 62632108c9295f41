import { availableParallelism } from 'node:os';
import { IsobathError, reasonOf } from '../../base/errors.ts';
import type { Graph } from '../../graph/graph.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { CompiledProgram, Engine, EngineOptions, RunResult } from '../engine.ts';
import { isLate, lateProgram } from './late.ts';
import { lowered } from './lowering/lower.ts';
import { Unsupported } from './lowering/unsupported.ts';
import type { DeviceProgram } from './program.ts';
import { checkInputs, Session } from './session.ts';
import { type Backend, type Lease, leaseThread } from './threads.ts';

export interface TfjsBackend {
  readonly name: string;
  readonly backend: Backend;
  /** Said where it does not load. */
  readonly cure?: string;
}

/** What TensorFlow.js holds of tensors in this engine's thread. */
export interface TfjsMemory {
  readonly tensors: number;
  readonly bytes: number;
}

/**
 * TensorFlow.js in a thread of its own. Graphs are lowered to its kernels when they are compiled: with the channels last,
 * as these want it, converted at the program's edges only.
 */
export class TfjsEngine implements Engine {
  readonly name: string;
  readonly threads: number;
  readonly #backend: TfjsBackend;
  #lease: Lease | undefined;
  #stopped: { readonly promise: Promise<never>; readonly reject: (error: Error) => void } | undefined;

  constructor(backend: TfjsBackend, options: EngineOptions = {}) {
    this.#backend = backend;
    this.name = backend.name;
    // the WebAssembly module for Node has no threads
    this.threads = backend.backend === 'wasm' ? 1 : (options.threads ?? availableParallelism());
  }

  get version(): string {
    return this.#lease?.loaded.version ?? 'not loaded';
  }

  async start(): Promise<void> {
    if (this.#lease) return;
    const { backend, cure } = this.#backend;
    if (backend === 'tensorflow') {
      // Native code reads the environment of the main thread, and once only: all engines of a process share its threads.
      process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
      process.env['TF_NUM_INTRAOP_THREADS'] ??= String(this.threads);
    }
    try {
      this.#lease = await leaseThread(backend);
    } catch (error) {
      const reason = [reasonOf(error).split('\n')[0]!.replace(/\.?$/, '.'), cure].filter(Boolean).join(' ');
      throw IsobathError.of(
        'ISO_ERR_ENGINE_UNAVAILABLE',
        { engine: this.name, reason: reason.replace(/\.$/, '') },
        error,
      );
    }
    let reject!: (error: Error) => void;
    const promise = new Promise<never>((_, refuse) => {
      reject = refuse;
    });
    promise.catch(() => undefined);
    this.#stopped = { promise, reject };
  }

  async stop(): Promise<void> {
    const lease = this.#lease;
    this.#lease = undefined;
    this.#stopped?.reject(new Error('the engine was stopped'));
    await lease?.release();
  }

  /** For tests: what is held must come back to what it was. */
  async memory(): Promise<TfjsMemory> {
    return this.#running('memory').thread.call('memory', {});
  }

  async compile(program: Graph): Promise<CompiledProgram> {
    const lease = this.#running(program.name);
    try {
      let device: DeviceProgram;
      try {
        device = this.#lowered(program, lease);
      } catch (error) {
        if (!isLate(error, program)) throw error;
        return this.#compiled(
          program,
          lease,
          lateProgram(program, (closed) => this.#open(this.#lowered(closed, lease), lease)),
        );
      }
      return this.#compiled(program, lease, await this.#open(device, lease));
    } catch (error) {
      throw this.#failure('ISO_ERR_ENGINE_COMPILE', lease, program.name, error);
    }
  }

  #compiled(program: Graph, lease: Lease, session: Pick<Session, 'run' | 'dispose'>): CompiledProgram {
    return {
      run: async (inputs: readonly Tensor[], options): Promise<RunResult> => {
        if (this.#lease !== lease) this.#running(program.name, lease);
        try {
          checkInputs(program, inputs);
          return await this.#whileRunning(session.run(inputs, options?.consume ?? false));
        } catch (error) {
          throw this.#failure('ISO_ERR_ENGINE_RUN', lease, program.name, error);
        }
      },
      dispose: () => session.dispose(),
    };
  }

  #lowered(program: Graph, { loaded }: Lease): DeviceProgram {
    const device = lowered(program);
    const missing = device.steps.find(({ kernel }) => !loaded.kernels.includes(kernel));
    if (missing) throw new Unsupported(`the kernel ${missing.kernel} is not in ${this.name}`);
    return device;
  }

  async #open(device: DeviceProgram, lease: Lease): Promise<Session> {
    const session = new Session(lease.thread, device);
    await this.#whileRunning(session.open());
    return session;
  }

  async #whileRunning<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#stopped!.promise]);
  }

  /** What ends because the engine was stopped has not failed. */
  #failure(
    code: 'ISO_ERR_ENGINE_COMPILE' | 'ISO_ERR_ENGINE_RUN',
    lease: Lease,
    program: string,
    cause: unknown,
  ) {
    if (cause instanceof IsobathError) return cause;
    const details = { engine: this.name, program, reason: reasonOf(cause) };
    return IsobathError.of(this.#lease === lease ? code : 'ISO_ERR_ENGINE_CLOSED', details, cause);
  }

  #running(program: string, wanted?: Lease): Lease {
    if (this.#lease && (!wanted || wanted === this.#lease)) return this.#lease;
    throw IsobathError.of('ISO_ERR_ENGINE_CLOSED', { engine: this.name, program });
  }
}
