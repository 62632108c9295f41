import type { Graph } from '../../../graph/graph.ts';
import type { TfjsContext, TfjsOptions } from '../context.ts';
import { isRecord, type Json } from '../json.ts';
import type { ModelJson } from '../model-json.ts';
import { readWeights } from '../weights.ts';
import { originOf } from './layer-call.ts';
import { LayerWeights } from './layer-weights.ts';
import { readTopology } from './topology.ts';
import { ModelTranslation } from './translation.ts';

/**
 * A Keras model as a graph. Inputs and outputs have the layout, shapes and names that the model gives them; between
 * them feature maps are N x C x spatial. Throws ISO_ERR_MODEL_UNSUPPORTED with every layer that we cannot translate.
 */
export function readLayersModel(
  { topology, weightsManifest, json, context }: ModelJson,
  { shapes = {} }: TfjsOptions,
): Graph {
  const model = readTopology(modelOf(topology, context), context);
  const weights = new LayerWeights(readWeights(weightsManifest, context), context);
  // tfjs says who it is in another place when it writes no keras_version.
  const origin = originOf(topology['keras_version'] ?? json['generatedBy']);
  return new ModelTranslation({ weights, origin, shapes, context }).run(model);
}

/** The converter puts it below `model_config`, as text in old files; tfjs writes it as it is. */
function modelOf(topology: Json, context: TfjsContext): Json {
  const config = topology['model_config'] ?? topology;
  const model = typeof config === 'string' ? parsed(config, context) : config;
  if (isRecord(model)) return model;
  throw context.malformed('its model_config is not an object');
}

function parsed(text: string, context: TfjsContext): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw context.malformed('its model_config is not JSON', error);
  }
}
