import type { Graph } from '../../graph/graph.ts';
import { ARRAYS, type ArrayOf, type DType, type TypedArray } from '../../tensor/dtype.ts';
import { Tensor } from '../../tensor/tensor.ts';
import type { RunResult } from '../engine.ts';
import type { EngineThread } from '../engine-thread.ts';
import { movable } from '../transfer.ts';
import type { DeviceProgram, DeviceType, ProgramOutput } from './program.ts';
import { newSession } from './threads.ts';

interface RunAnswer {
  readonly arrays: (Float32Array | Int32Array | Uint8Array)[];
  readonly computeMs: number;
}

/** A device program in the thread, with its filters. */
export class Session {
  readonly #thread: EngineThread;
  readonly #program: DeviceProgram;
  readonly #id = newSession();

  constructor(thread: EngineThread, program: DeviceProgram) {
    this.#thread = thread;
    this.#program = program;
  }

  async open(): Promise<void> {
    const { constants, steps, outputs } = this.#program;
    const filled = constants.map(({ id, dtype, shape, elements }) => {
      const data = elements();
      // a deferred tensor may give its own array, which is not ours to move
      return { id, dtype, shape: [...shape], data: new (data.constructor as Float32ArrayConstructor)(data) };
    });
    const request = { session: this.#id, constants: filled, steps, outputs: outputs.flatMap(idOf) };
    await this.#thread.call(
      'open',
      request,
      filled.map(({ data }) => data.buffer as ArrayBuffer),
    );
  }

  async run(inputs: readonly Tensor[], consume: boolean): Promise<RunResult> {
    const { inputs: wanted, outputs } = this.#program;
    // what passes through must not leave with an input that is consumed
    const passed = outputs.map((output) => passedOf(output, inputs));
    const taken = new Set<ArrayBufferLike>();
    const filled = wanted.map(({ id, index, dtype }) => {
      const { data, shape, dtype: own } = inputs[index]!;
      return { id, dtype, shape: [...shape], data: onDevice(data, own, dtype, consume, taken) };
    });
    const transfer = filled.map(({ data }) => data.buffer as ArrayBuffer);
    const request = { session: this.#id, inputs: filled };
    const { arrays, computeMs } = await this.#thread.call<RunAnswer>('run', request, transfer);
    const made = arrays.values();
    return {
      outputs: outputs.map(
        ({ type }, at) => passed[at] ?? fromDevice(type.dtype, type.shape, made.next().value!),
      ),
      computeMs,
    };
  }

  /** A thread that has ended holds nothing any more. */
  async dispose(): Promise<void> {
    await this.#thread.call<void>('close', { session: this.#id }).catch(() => undefined);
  }
}

function idOf(output: ProgramOutput): number[] {
  return output.from === 'device' ? [output.id] : [];
}

function passedOf(output: ProgramOutput, inputs: readonly Tensor[]): Tensor | undefined {
  if (output.from === 'device') return undefined;
  const { dtype, shape } = output.type;
  const { data } = output.from === 'input' ? inputs[output.index]! : output.tensor;
  return Tensor.of(dtype, shape, data.slice() as ArrayOf<DType>);
}

function onDevice(
  data: TypedArray,
  own: DType,
  dtype: DeviceType,
  consume: boolean,
  taken: Set<ArrayBufferLike>,
): TypedArray {
  if (own === dtype) return movable(data, consume, taken);
  return Int32Array.from(data as ArrayLike<number>);
}

/** The device's integers are 32 bits wide; narrower ones take their lowest bits. */
function fromDevice(
  dtype: DType,
  shape: readonly number[],
  data: Float32Array | Int32Array | Uint8Array,
): Tensor {
  const array = ARRAYS[dtype] as unknown as { from(values: ArrayLike<number>): ArrayOf<DType> };
  const fits = data instanceof (ARRAYS[dtype] as unknown as { new (): object } as never);
  return Tensor.of(dtype, shape, fits ? (data as ArrayOf<DType>) : array.from(data));
}

/** Throws an Error that says what differs. */
export function checkInputs(program: Graph, inputs: readonly Tensor[]): void {
  const { inputs: names, types } = program;
  if (inputs.length !== names.length)
    throw new Error(`it takes ${names.length} inputs, not ${inputs.length}`);
  names.forEach((name, at) => {
    const { dtype, shape } = inputs[at]!;
    const type = types.get(name);
    if (!type || (type.dtype === dtype && String(type.shape) === String(shape))) return;
    throw new Error(`the input ${name} is ${dtype} [${shape}], not ${type.dtype} [${type.shape}]`);
  });
}
