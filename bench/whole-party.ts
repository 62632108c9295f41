import { createRequire } from 'node:module';
import type { InferenceSession } from 'onnxruntime-node';
import { randomInputs } from '../src/cli/random-input.ts';
import { resolveModel } from '../src/cli/resolve-model.ts';
import type { Engine } from '../src/engine/engine.ts';
import { engineNamed } from '../src/engine/engines.ts';
import { loadModel } from '../src/formats/load-model.ts';
import type { Graph } from '../src/graph/graph.ts';
import { Tensor } from '../src/tensor/tensor.ts';
import { serve } from './support/party.ts';

/** A run of one side on an input that is the run's to keep, as it is when it was read from a file. */
type Run = (input: Float32Array) => Promise<Float32Array>;

/** One of the two sides of `npm run bench:local`. */
interface Opened {
  readonly run: Run;
  readonly input: Float32Array;
  close(): Promise<void>;
}

export interface OpenRequest {
  readonly side: 'plain' | 'ours';
  readonly file: string;
  readonly threads: number;
}

/** The only input of a model of the zoo, the same on both sides. */
function inputOf(graph: Graph): { readonly name: string; readonly tensor: Tensor<'float32'> } {
  const [name] = graph.inputs;
  return { name: name!, tensor: randomInputs(graph).get(name!) as Tensor<'float32'> };
}

/** As onnxruntime's users write it. Nothing but the number of threads differs from its defaults. */
async function openPlain(file: string, threads: number): Promise<Opened> {
  process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
  const ort = createRequire(import.meta.url)('onnxruntime-node') as typeof import('onnxruntime-node');
  const options: InferenceSession.SessionOptions = {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  };
  const session = await ort.InferenceSession.create(file, options);
  const { name, tensor } = inputOf(await loadModel(file));
  const [output] = session.outputNames;
  return {
    input: tensor.data,
    run: async (input) => {
      const results = await session.run({ [name]: new ort.Tensor('float32', input, tensor.shape) });
      return results[output!]!.data as Float32Array;
    },
    close: () => session.release(),
  };
}

/** As `isobath infer --local` does. */
async function openOurs(file: string, threads: number): Promise<Opened> {
  const engine: Engine = engineNamed('onnxruntime', { threads });
  await engine.start();
  const { graph } = await resolveModel(file, { engine });
  const program = await engine.compile(graph);
  const { tensor } = inputOf(graph);
  return {
    input: tensor.data,
    run: async (input) => {
      const given = [Tensor.float32(tensor.shape, input)];
      return (await program.run(given, { consume: true })).outputs[0]!.data as Float32Array;
    },
    close: async () => {
      await program.dispose();
      await engine.stop();
    },
  };
}

let opened: Opened | undefined;
let last = new Float32Array();

serve({
  async open({ side, file, threads }: OpenRequest) {
    opened = await (side === 'plain' ? openPlain : openOurs)(file, threads);
  },
  /** Milliseconds of each of so many runs, one behind the other. */
  async run({ runs }: { readonly runs: number }) {
    const times: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      const input = opened!.input.slice();
      const started = performance.now();
      last = (await opened!.run(input)) as Float32Array<ArrayBuffer>;
      times.push(performance.now() - started);
    }
    return times;
  },
  output: () => last,
  close: () => opened?.close(),
});
