import { IsobathError } from '../base/errors.ts';
import { readPlaced } from '../formats/input.ts';
import type { Placement } from '../formats/pictures/placement.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { ServedModel } from './served-model.ts';

/** The model's one input, for requests that do not name it. */
function onlyInput({ name, graph, manifest }: ServedModel): string {
  if (manifest?.input) return manifest.input.name;
  if (graph.inputs.length === 1) return graph.inputs[0]!;
  const reason = `the model ${name} has ${graph.inputs.length} inputs: name the one that is meant`;
  throw IsobathError.of('ISO_ERR_REQUEST_INVALID', { reason });
}

/** What a request asks to be computed on, and where in it the picture lies that it came as. */
export interface RequestInputs {
  readonly inputs: Map<string, Tensor>;
  readonly placement?: Placement;
}

/** A picture, .npy or JSON file as the input of the model. Throws as `readInput` does. */
export async function inputFromFile(model: ServedModel, bytes: Uint8Array): Promise<RequestInputs> {
  const input = onlyInput(model);
  const type = model.graph.types.get(input)!;
  const { manifest } = model;
  const options = { input, type, model: model.name, ...(manifest ? { manifest } : {}) };
  const { tensor, placement } = await readPlaced(bytes, options);
  return { inputs: new Map([[input, tensor]]), ...(placement ? { placement } : {}) };
}

/** Checks tensors against what the model takes. Throws ISO_ERR_INPUT_MISMATCH, ISO_ERR_REQUEST_INVALID. */
export function checkedInputs(model: ServedModel, given: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const inputs = new Map([...given].map(([name, tensor]) => [name === '' ? onlyInput(model) : name, tensor]));
  for (const name of model.graph.inputs) {
    const { dtype, shape } = model.graph.types.get(name)!;
    const tensor = inputs.get(name);
    const want = `${dtype} [${shape.join(', ')}]`;
    const got = tensor ? `${tensor.dtype} [${tensor.shape.join(', ')}]` : 'nothing';
    if (got !== want) throw IsobathError.of('ISO_ERR_INPUT_MISMATCH', { input: name, got, want });
  }
  // one more would stand for whatever tensor of the model bears its name
  const unknown = [...inputs.keys()].find((name) => !model.graph.inputs.includes(name));
  if (unknown !== undefined) {
    const reason = `the model ${model.name} has no input ${unknown.slice(0, 100)}`;
    throw IsobathError.of('ISO_ERR_REQUEST_INVALID', { reason });
  }
  return inputs;
}
