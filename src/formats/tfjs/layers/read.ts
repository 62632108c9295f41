import type { Graph } from '../../../graph/graph.ts';
import type { TfjsOptions } from '../context.ts';
import type { ModelJson } from '../model-json.ts';

/** A Keras model as a graph. */
export function readLayersModel({ context }: ModelJson, _options: TfjsOptions): Graph {
  throw context.unsupported('it is a layers model');
}
