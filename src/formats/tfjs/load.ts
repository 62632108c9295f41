import type { Graph } from '../../graph/graph.ts';
import type { TfjsOptions } from './context.ts';
import { readLayersModel } from './layers/read.ts';
import { type ModelJson, readModelJson, type TfjsFormat } from './model-json.ts';

const READERS: Readonly<Record<TfjsFormat, (model: ModelJson, options: TfjsOptions) => Graph>> = {
  'layers-model': readLayersModel,
  'graph-model': ({ context }) => {
    throw context.unsupported('it is a graph model');
  },
};

/**
 * Reads the TensorFlow.js model whose model.json is at `file`; its shards lie in its folder. Inputs and outputs keep the
 * model's own layout. Throws what `readModelJson` and `readWeights` throw, ISO_ERR_MODEL_UNSUPPORTED with every layer
 * or node that we cannot translate, ISO_ERR_MODEL_DYNAMIC_SHAPE, ISO_ERR_INPUT_MISMATCH and ISO_ERR_SHAPE_INVALID.
 */
export async function loadTfjs(file: string, options: TfjsOptions = {}): Promise<Graph> {
  const model = await readModelJson(file);
  return READERS[model.format](model, options);
}
