import { foreignTensors } from '../graph/foreign-types.ts';
import type { Graph } from '../graph/graph.ts';
import { inferTypes, openTensors, unknownTensors } from '../graph/infer.ts';
import { simplify } from '../graph/passes/index.ts';
import type { Engine } from './engine.ts';
import { learnTypes } from './learn-types.ts';
import { requireHeld } from './unheld.ts';

/**
 * A model as it is planned and served: simplified, with the type of every tensor but those that have another shape in
 * every run, or elements that Isobath does not hold. The engine is started where an operator is unknown. Throws
 * ISO_ERR_SHAPE_INVALID, ISO_ERR_MODEL_TOO_LARGE, ISO_ERR_SHAPE_UNKNOWN, and ISO_ERR_TENSOR_TYPE for an output of such elements.
 */
export async function prepareGraph(graph: Graph, engine: Engine): Promise<Graph> {
  const foreign = foreignTensors(graph);
  const declared = graph.outputs.flatMap((name) =>
    foreign.has(name) ? [{ name, type: foreign.get(name)! }] : [],
  );
  requireHeld(graph, declared);
  let typed = inferTypes(graph);
  const open = openTensors(typed);
  if (unknownTensors(typed).some((tensor) => !open.has(tensor))) {
    await engine.start();
    typed = await learnTypes(typed, engine);
  }
  return inferTypes(simplify(typed));
}
