import { readPlaced } from '../formats/input.ts';
import type { Placement } from '../formats/pictures/placement.ts';
import type { Source } from '../formats/source.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { usage } from './context.ts';
import { randomInputs } from './random-input.ts';
import type { ResolvedModel } from './resolve-model.ts';

export interface ModelInputs {
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** Where in the input the picture lies. */
  readonly placement?: Placement;
}

/** The file as the input of the model; seeded random values where there is none. */
export async function inputsFor(
  model: ResolvedModel,
  source: Source | undefined,
  seed = 1,
): Promise<ModelInputs> {
  const { spec, graph, manifest } = model;
  if (source === undefined) return { inputs: randomInputs(graph, seed) };
  if (!manifest?.input && graph.inputs.length !== 1) {
    throw usage(
      `The model ${spec} has ${graph.inputs.length} inputs, so one file is not enough.`,
      'Run it without an input file, on random values, or through the API.',
    );
  }
  const input = manifest?.input?.name ?? graph.inputs[0]!;
  const type = graph.types.get(input)!;
  const options = { input, type, model: spec, ...(manifest ? { manifest } : {}) };
  const { tensor, placement } = await readPlaced(source, options);
  return { inputs: new Map([[input, tensor]]), ...(placement ? { placement } : {}) };
}
