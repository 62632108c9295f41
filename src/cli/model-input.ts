import { type ModelInputs, readModelInputs } from '../formats/model-inputs.ts';
import type { Source } from '../formats/source.ts';
import { randomInputs } from './random-input.ts';
import type { ResolvedModel } from './resolve-model.ts';

/** The file as inputs of the model; seeded random values where there is none. */
export async function inputsFor(
  model: ResolvedModel,
  source: Source | undefined,
  seed = 1,
): Promise<ModelInputs> {
  if (source === undefined) return { inputs: randomInputs(model.graph, seed) };
  return readModelInputs(source, { ...model, name: model.spec });
}
