import type { Shape } from '../../tensor/region.ts';
import type { Tensor, TensorType } from '../../tensor/tensor.ts';

/** The element types that TensorFlow.js computes with. */
export type DeviceType = 'float32' | 'int32' | 'bool';

/** A tensor of the device, by number. */
export type TensorId = number;

/** One call of a TensorFlow.js kernel. Tensors that nobody reads any more are freed after it. */
export interface Step {
  readonly kernel: string;
  readonly inputs: Readonly<Record<string, TensorId>> | readonly TensorId[];
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly output: TensorId;
  readonly free: readonly TensorId[];
}

/** What goes to the device and stays there: filters as the kernels want them, laid out once. */
export interface DeviceConstant {
  readonly id: TensorId;
  readonly dtype: DeviceType;
  readonly shape: Shape;
  /** Computed when somebody reads it. */
  readonly elements: () => Float32Array | Int32Array | Uint8Array;
}

export interface DeviceInput {
  readonly id: TensorId;
  /** Which of the program's inputs. */
  readonly index: number;
  readonly dtype: DeviceType;
}

/** An output is computed, or is an input or a constant under another name or shape. */
export type ProgramOutput = { readonly type: TensorType } & (
  | { readonly from: 'device'; readonly id: TensorId }
  | { readonly from: 'input'; readonly index: number }
  | { readonly from: 'constant'; readonly tensor: Tensor }
);

/** A graph as TensorFlow.js runs it. */
export interface DeviceProgram {
  readonly inputs: readonly DeviceInput[];
  readonly constants: readonly DeviceConstant[];
  readonly steps: readonly Step[];
  readonly outputs: readonly ProgramOutput[];
}
