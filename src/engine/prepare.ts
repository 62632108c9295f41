import type { Graph } from '../graph/graph.ts';
import { inferTypes, unknownTensors } from '../graph/infer.ts';
import { simplify } from '../graph/passes/index.ts';
import type { Engine } from './engine.ts';
import { learnTypes } from './learn-types.ts';

/**
 * A graph as it is planned and run: simplified, with every shape known. The engine is started where an operator is
 * unknown, so that its output shapes can be learnt. Throws ISO_ERR_SHAPE_INVALID, ISO_ERR_SHAPE_UNKNOWN.
 */
export async function prepareGraph(graph: Graph, engine: Engine): Promise<Graph> {
  let typed = inferTypes(graph);
  if (unknownTensors(typed).length > 0) {
    await engine.start();
    typed = await learnTypes(typed, engine);
  }
  return inferTypes(simplify(typed));
}
