import type { Graph } from '../graph/graph.ts';
import { scaleShape, type WireType } from '../tensor/precision.ts';
import { wholeRegion } from '../tensor/region.ts';
import { bytesOf, Tensor } from '../tensor/tensor.ts';
import { placeFromWire, wireRegion } from '../tensor/wire-region.ts';
import type { CompiledProgram, Engine } from './engine.ts';
import { arePlain, type WireEdges, withEdges } from './wire-edges.ts';

/**
 * The program with inputs and outputs as they travel; the scales of one that is int8 follow it. What is narrower than the
 * program has it is converted inside the program where the engine knows the type, and around it where not.
 */
export async function compileForWire(
  engine: Engine,
  graph: Graph,
  edges: WireEdges,
): Promise<CompiledProgram> {
  if (arePlain(graph, edges)) return engine.compile(graph);
  if (engine.knowsNarrowTypes) return engine.compile(withEdges(graph, edges));
  const program = await engine.compile(graph);
  return {
    run: async (inputs) => {
      const { outputs, computeMs } = await program.run(widened(graph, inputs, edges.inputs), {
        consume: true,
      });
      const started = performance.now();
      const travelling = outputs.flatMap((output, at) => narrowed(output, edges.outputs[at]));
      return { outputs: travelling, computeMs: computeMs + performance.now() - started };
    },
    dispose: () => program.dispose(),
  };
}

function widened(graph: Graph, given: readonly Tensor[], types: WireEdges['inputs']): Tensor[] {
  const rest = given.values();
  return types.map((type, at) => {
    const tensor = rest.next().value!;
    const factors = type?.scales === undefined ? undefined : (rest.next().value!.data as Float32Array);
    const { dtype, shape } = graph.types.get(graph.inputs[at]!) ?? tensor;
    // copied even where nothing is converted: the engine takes the memory
    const wide = Tensor.zeros(dtype, shape);
    placeFromWire(wide, wholeRegion(shape), tensor.data, factors);
    return wide;
  });
}

function narrowed(output: Tensor, type: WireType | undefined): Tensor[] {
  if (!type || output.dtype === type.dtype) return [output];
  const { scales, fill } = wireRegion(
    output,
    wholeRegion(output.shape),
    type.scales === undefined ? 'float16' : 'int8',
  );
  const tensor = Tensor.zeros(type.dtype, output.shape);
  fill(0, bytesOf(tensor.data));
  return scales ? [tensor, Tensor.of('float32', scaleShape(type), scales)] : [tensor];
}
