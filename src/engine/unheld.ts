import { IsobathError } from '../base/errors.ts';
import type { Graph } from '../graph/graph.ts';
import { isDType } from '../tensor/dtype.ts';

/** An output of a compiled program, as the engine declares it before any run. */
export interface DeclaredOutput {
  readonly name: string;
  /** ONNX name of the element type in lower case, or `not a tensor`. */
  readonly type: string;
}

/** The cause of an ISO_ERR_TENSOR_TYPE: what of the program's outputs no Tensor can hold. */
export class UnheldOutputs extends Error {
  readonly names: ReadonlySet<string>;

  constructor(outputs: readonly DeclaredOutput[]) {
    super(outputs.map(({ name, type }) => `${name}: ${type}`).join(', '));
    this.names = new Set(outputs.map(({ name }) => name));
  }
}

/**
 * Throws ISO_ERR_TENSOR_TYPE where the program gives out a tensor of elements that Isobath does not hold. It is decided
 * before the engine is asked for the tensor: the binding of onnxruntime ends the process when it is asked for elements
 * narrower than a byte.
 */
export function requireHeld(program: Graph, declared: readonly DeclaredOutput[]): void {
  const unheld = declared.filter(({ name, type }) => program.outputs.includes(name) && !isDType(type));
  const [first] = unheld;
  if (!first) return;
  const details = { tensor: first.name, program: program.name, type: first.type };
  throw IsobathError.of('ISO_ERR_TENSOR_TYPE', details, new UnheldOutputs(unheld));
}
