import { IsobathError } from '../base/errors.ts';
import { foreignTensors } from '../graph/foreign-types.ts';
import { type Graph, inputTypeOf, type Node, writesOf } from '../graph/graph.ts';
import { inferTypes, openTensors, unknownTensors } from '../graph/infer.ts';
import { dropUnused } from '../graph/passes/drop-unused.ts';
import type { Tensor, TensorType } from '../tensor/tensor.ts';
import type { CompiledProgram, Engine } from './engine.ts';
import { PROBES } from './probes.ts';
import { UnheldOutputs } from './unheld.ts';

/**
 * The tensors that a run can teach: of unknown type, but not `open`, so that every run gives them the same, and of elements
 * that Isobath holds, so that an engine may be asked for them.
 */
export function learnableTensors(graph: Graph): string[] {
  const open = openTensors(graph);
  const foreign = foreignTensors(graph);
  const unheld = new Set(graph.nodes.filter((node) => node.unheld).flatMap(writesOf));
  return unknownTensors(graph).filter(
    (tensor) => !open.has(tensor) && !foreign.has(tensor) && !unheld.has(tensor),
  );
}

/**
 * Completes `types` by running the part of the graph that leads to tensors of unknown shape on made-up inputs: that is
 * how the output of an operator that Isobath does not know is learnt. What has different shapes in two such runs, and
 * what cannot be run on them, is marked as open and stays with the master. Throws ISO_ERR_SHAPE_UNKNOWN where no engine
 * here has the operator, and ISO_ERR_TENSOR_TYPE where the model gives out elements that Isobath does not hold.
 */
export async function learnTypes(graph: Graph, engine: Engine): Promise<Graph> {
  for (let typed = inferTypes(graph); ; typed = inferTypes(typed)) {
    const unknown = learnableTensors(typed);
    if (unknown.length === 0) return typed;
    typed = await learnSome(typed, unknown, engine);
  }
}

/** Learns of all `unknown` tensors, or of the first few where one of the others cannot be run. */
async function learnSome(graph: Graph, unknown: readonly string[], engine: Engine): Promise<Graph> {
  for (let asked = unknown; ; asked = asked.slice(0, Math.ceil(asked.length / 2))) {
    const runs = await probeRuns(graph, asked, engine).catch((error: Error) => {
      const { cause } = error;
      const isInside = (name: string) => !graph.outputs.includes(name);
      if (cause instanceof UnheldOutputs && [...cause.names].every(isInside)) return cause;
      throw error;
    });
    if (runs instanceof UnheldOutputs) return marked(graph, runs.names, { unheld: true });
    const [first, second = first] = runs;
    if (first && second) {
      const differ = asked.filter((_, at) => String(first[at]?.shape) !== String(second[at]?.shape));
      const types = new Map(graph.types);
      asked.forEach((name, at) => {
        const tensor = first[at];
        if (tensor) types.set(name, typeOf(tensor));
      });
      return marked({ ...graph, types }, new Set(differ), { open: true });
    }
    if (asked.length === 1) return marked(graph, new Set(asked), { open: true });
  }
}

/** What each probe gives for the tensors; less than all probes where the part of the graph cannot be run on one. */
async function probeRuns(graph: Graph, tensors: readonly string[], engine: Engine): Promise<Tensor[][]> {
  const program = await compiled(graph, tensors, engine);
  const results: Tensor[][] = [];
  try {
    for (const probe of PROBES) {
      const inputs = graph.inputs.map((name) => probe(name, inputTypeOf(graph, name)));
      const result = await program.run(inputs).catch((error: unknown) => {
        if (error instanceof IsobathError && error.code === 'ISO_ERR_ENGINE_RUN') return undefined;
        throw error;
      });
      if (result) results.push(result.outputs);
    }
    return results;
  } finally {
    await program.dispose();
  }
}

async function compiled(graph: Graph, tensors: readonly string[], engine: Engine): Promise<CompiledProgram> {
  const part = dropUnused.run({ ...graph, name: `${graph.name} (shapes)`, outputs: tensors });
  return engine.compile(part).catch((error: unknown) => {
    if (!(error instanceof IsobathError) || error.code !== 'ISO_ERR_ENGINE_COMPILE') throw error;
    const [tensor = ''] = tensors;
    const op = graph.nodes.find(({ outputs }) => outputs.includes(tensor))?.op ?? 'an operator';
    throw IsobathError.of('ISO_ERR_SHAPE_UNKNOWN', { tensor, op }, error);
  });
}

/** The graph with `mark` on each node that makes one of the tensors. */
function marked(graph: Graph, tensors: ReadonlySet<string>, mark: Pick<Node, 'open' | 'unheld'>): Graph {
  if (tensors.size === 0) return graph;
  const makes = (node: Node) => writesOf(node).some((name) => tensors.has(name));
  return { ...graph, nodes: graph.nodes.map((node) => (makes(node) ? { ...node, ...mark } : node)) };
}

function typeOf({ dtype, shape }: Tensor): TensorType {
  return { dtype, shape };
}

/** The tensors' elements, which no input changes. Undefined where they cannot be computed. */
export async function learnValues(
  graph: Graph,
  tensors: readonly string[],
  engine: Engine,
): Promise<readonly Tensor[] | undefined> {
  const [values] = await probeRuns(graph, tensors, engine);
  return values;
}
