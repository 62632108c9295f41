import { IsobathError } from '../base/errors.ts';
import { onlyInput } from '../formats/model-inputs.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { ServedModel } from './served-model.ts';

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
