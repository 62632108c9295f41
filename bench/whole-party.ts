import { resolveModel } from '../src/cli/resolve-model.ts';
import type { Engine } from '../src/engine/engine.ts';
import { engineNamed } from '../src/engine/engines.ts';
import { noiseOf } from '../src/engine/noise.ts';
import type { Graph } from '../src/graph/graph.ts';
import type { Noise } from '../src/tensor/judgement.ts';
import { Tensor } from '../src/tensor/tensor.ts';
import type { ModelFile } from './field/files.ts';
import { inputsOf } from './field/inputs.ts';
import { serve } from './support/party.ts';
import { openTfjs } from './tfjs-model.ts';
import { type OptimizationLevel, openOnnxruntime, plainOutputs, type WholeModel } from './whole-model.ts';

export interface OpenRequest extends ModelFile {
  /** 'plain' is onnxruntime, of a TensorFlow.js model TensorFlow.js itself. */
  readonly side: 'plain' | 'ours';
  readonly threads: number;
  /** Of the plain side; default: onnxruntime's own. */
  readonly level?: OptimizationLevel;
}

/** As `isobath infer --local` does. */
async function openOurs(engine: Engine, graph: Graph): Promise<WholeModel> {
  const program = await engine.compile(graph);
  return {
    run: async (inputs) => {
      const given = graph.inputs.map((name) => inputs.get(name)!);
      const { outputs } = await program.run(given, { consume: true });
      return new Map(graph.outputs.map((name, at) => [name, outputs[at]!]));
    },
    close: async () => {
      await program.dispose();
      await engine.stop();
    },
  };
}

let opened: WholeModel | undefined;
let noise: (() => Promise<Noise>) | undefined;
let inputs: ReadonlyMap<string, Tensor> = new Map();
let last: ReadonlyMap<string, Tensor> = new Map();

/** Each run has inputs of its own to consume, as if they had just been read from a file. */
function ownInputs(): Map<string, Tensor> {
  return new Map(
    [...inputs].map(([name, tensor]) => [
      name,
      Tensor.of(tensor.dtype, tensor.shape, tensor.data.slice() as never),
    ]),
  );
}

serve({
  async open(request: OpenRequest) {
    const { side, file, threads, shapes = {}, values = {}, level } = request;
    const engine = engineNamed('onnxruntime', { threads });
    await engine.start();
    const { graph } = await resolveModel(file, { engine, shapes });
    inputs = inputsOf(graph, values);
    if (side === 'ours') {
      noise = () => noiseOf(engine, graph, inputs);
      opened = await openOurs(engine, graph);
      return;
    }
    await engine.stop();
    opened = await (file.endsWith('.json') ? openTfjs(file) : openOnnxruntime(file, threads, level));
  },
  /** Milliseconds of each of so many runs, one behind the other. */
  async run({ runs }: { readonly runs: number }) {
    const times: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      const given = ownInputs();
      const started = performance.now();
      last = await opened!.run(given);
      times.push(performance.now() - started);
    }
    return times;
  },
  /** What rounding alone does to the outputs, by name. */
  noise: async () => [...(await noise!())],
  /** Of the last run. */
  outputs: () => plainOutputs(last),
  close: () => opened?.close(),
});
