import { IsobathError } from '../base/errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { fitted } from './fit.ts';
import { readPlaced } from './input.ts';
import type { Manifest } from './manifest.ts';
import { npzNameOf, readNpz } from './npz.ts';
import type { Placement } from './placement.ts';
import { sniff } from './sniff.ts';
import { bytesOfSource, nameOf, type Source } from './source.ts';

/** A model as far as its inputs are concerned. */
export interface TakingModel {
  /** How errors name it. */
  readonly name: string;
  readonly graph: Pick<Graph, 'inputs' | 'types'>;
  readonly manifest?: Manifest;
}

export interface ModelInputs {
  readonly inputs: Map<string, Tensor>;
  /** Where in the input the picture lies that it was made of. */
  readonly placement?: Placement;
}

/**
 * A picture, .npy or JSON tensor as the one input of the model, or the one that its manifest names; a .npz as all of its
 * inputs, by their names. Throws what `readInput` throws, and ISO_ERR_REQUEST_INVALID where one file is not enough.
 */
export async function readModelInputs(source: Source, model: TakingModel): Promise<ModelInputs> {
  const bytes = await bytesOfSource(source);
  if (sniff(bytes) === 'npz') return { inputs: archivedInputs(bytes, nameOf(source), model) };
  const { name, graph, manifest } = model;
  const input = onlyInput(model);
  const type = graph.types.get(input)!;
  const options = { input, type, model: name, ...(manifest ? { manifest } : {}) };
  const { tensor, placement } = await readPlaced(source, options);
  return { inputs: new Map([[input, tensor]]), ...(placement ? { placement } : {}) };
}

/** The input that is meant where none is named. Throws ISO_ERR_REQUEST_INVALID where that cannot be told. */
export function onlyInput({ name, graph, manifest }: TakingModel): string {
  if (manifest?.input) return manifest.input.name;
  if (graph.inputs.length === 1) return graph.inputs[0]!;
  const inputs = graph.inputs.join(', ');
  const reason = `the model ${name} has ${graph.inputs.length} inputs: name each (${inputs}), or send a .npz with an array of each name`;
  throw IsobathError.of('ISO_ERR_REQUEST_INVALID', { reason });
}

function archivedInputs(bytes: Uint8Array, file: string, { graph }: TakingModel): Map<string, Tensor> {
  const arrays = readNpz(bytes, file);
  return new Map(
    graph.inputs.map((input): [string, Tensor] => {
      const type = graph.types.get(input)!;
      const array = arrays.get(npzNameOf(input));
      if (array) return [input, fitted(array, input, type)];
      const got = `no array of its name in ${file}, which holds ${[...arrays.keys()].join(', ')}`;
      const want = `${type.dtype} [${type.shape.join(', ')}] as ${npzNameOf(input)}.npy`;
      throw IsobathError.of('ISO_ERR_INPUT_MISMATCH', { input, got, want });
    }),
  );
}
