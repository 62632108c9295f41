import { ReadContext } from '../formats/onnx/context.ts';
import { lift } from '../formats/onnx/lift/lift.ts';
import { foreignTensors } from '../graph/foreign-types.ts';
import type { Graph } from '../graph/graph.ts';
import { dependenceOf, inferTypes } from '../graph/infer.ts';
import { simplify } from '../graph/passes/index.ts';
import { inlineBranches, isBranching } from '../graph/passes/inline-branches.ts';
import type { Engine } from './engine.ts';
import { learnableTensors, learnTypes, learnValues } from './learn-types.ts';
import { requireHeld } from './unheld.ts';

/**
 * A model as it is planned and served: branches that are always taken inlined, simplified, with the type of every tensor
 * but those that have another shape in every run, or elements that Isobath does not hold. The engine is started where an
 * operator is unknown. Throws ISO_ERR_SHAPE_INVALID, ISO_ERR_MODEL_TOO_LARGE, ISO_ERR_SHAPE_UNKNOWN, ISO_ERR_MODEL_UNSUPPORTED
 * for a node of an inlined branch that no engine knows in its form, and ISO_ERR_TENSOR_TYPE for an output of such elements.
 */
export async function prepareGraph(graph: Graph, engine: Engine): Promise<Graph> {
  const foreign = foreignTensors(graph);
  const declared = graph.outputs.flatMap((name) => {
    const type = foreign.get(name);
    return type === undefined ? [] : [{ name, type }];
  });
  requireHeld(graph, declared);
  for (let typed = inferTypes(inlined(graph)); ; typed = inferTypes(inlined(typed))) {
    if (learnableTensors(typed).length > 0) {
      await engine.start();
      // what was learnt may tell a condition, whose branch has tensors to learn
      typed = await learnTypes(typed, engine);
    } else {
      const decided = await decideBranch(typed, engine);
      if (!decided) return inferTypes(simplify(typed));
      typed = decided;
    }
  }
}

/** What was in a branch is written in today's form, as reading does with what is outside of branches. */
function inlined(graph: Graph): Graph {
  const next = inlineBranches(graph);
  return next === graph ? graph : lift(next, new ReadContext(graph.name));
}

/**
 * The graph with the first condition of an If that no input changes, but that only the engine can compute, as a constant;
 * undefined where there is none.
 */
async function decideBranch(graph: Graph, engine: Engine): Promise<Graph | undefined> {
  const { varying } = dependenceOf(graph);
  const undecided = graph.nodes.filter(isBranching).filter(({ inputs: [condition = ''] }) => {
    return !varying.has(condition) && !graph.initializers.has(condition);
  });
  for (const branching of undecided) {
    const [condition = ''] = branching.inputs;
    await engine.start();
    const [value] = (await learnValues(graph, [condition], engine)) ?? [];
    if (!value) continue;
    const name = `${branching.name}/condition`;
    const nodes = graph.nodes.map((node) => (node === branching ? { ...node, inputs: [name] } : node));
    return { ...graph, nodes, initializers: new Map(graph.initializers).set(name, value) };
  }
  return undefined;
}
