import { writeFile } from 'node:fs/promises';
import { reasonOf } from '../../base/errors.ts';
import { writeNpy } from '../../formats/npy.ts';
import { writeNpz } from '../../formats/npz.ts';
import { sniff } from '../../formats/sniff.ts';
import { bytesOfSource, unreadable } from '../../formats/source.ts';
import type { InferenceResult } from '../../master/inference.ts';
import { summarize } from '../../master/summary.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { answerText } from '../answer.ts';
import { type ClientFlags, clientOptions } from '../client-options.ts';
import { command } from '../command.ts';
import { type CliContext, usage } from '../context.ts';
import { commandEngine, engineOption } from '../engine.ts';
import { inputsFor } from '../model-input.ts';
import { type Shapes, shape, wholeNumber } from '../option-values.ts';
import { nameServed, resolveModel } from '../resolve-model.ts';
import { runLocally } from '../run-locally.ts';
import { shapeText } from '../table.ts';
import { withClient } from '../with-client.ts';

interface InferFlags extends ClientFlags {
  readonly local?: boolean;
  readonly top: number;
  readonly save?: string;
  readonly shape?: Shapes;
  readonly engine?: string;
}

interface Answer {
  readonly outputs: ReadonlyMap<string, Tensor>;
  readonly summary: ReturnType<typeof summarize>;
}

/** `isobath infer`: one inference through a running master, or here. */
export function inferCommand(context: CliContext) {
  const target = command({
    name: 'infer',
    summary: 'infer a picture or a tensor',
    description:
      'Sends one input to a running master and prints the answer; with --local, runs the whole model here instead. ' +
      'The input is a JPEG, PNG, WebP, GIF or TIFF picture, a NumPy .npy file, nested JSON arrays, or a .npz with an array for each input.',
    examples: [
      ['isobath infer street photo.jpg', 'through the master on mqtt://127.0.0.1:1883'],
      ['isobath infer street photo.jpg --local', 'without a master'],
      ['isobath infer vgg16 x.npy --broker mqtt://gateway:1883 --save y.npy', 'keeps the output tensor'],
    ],
  });
  return clientOptions(target)
    .argument('<model>', 'bundled name, zoo:NAME, path of a model, or a name that the master serves')
    .argument('<input>', 'picture, .npy, .npz or JSON')
    .option('--local', 'run the whole model here')
    .option('--top <count>', 'number of classes that are named', wholeNumber(1, 1000), 5)
    .option('--save <file>', "write the model's first output as .npy, or all of them as .npz")
    .option('--shape <input=extents>', 'with --local: size of an open input, as image=1,3,224,224', shape)
    .addOption(engineOption('with --local: what computes'))
    .action(async (model: string, input: string, options: InferFlags) => {
      const { output } = context;
      output.progress(`Reading ${input}`);
      // Before anything else: most mistakes are in the path.
      const file = await bytesOfSource(input);
      if (!sniff(file)) throw unreadable(input, 'its first bytes are those of none');
      const infer = options.local ? inferHere : inferThere;
      const { outputs, summary } = await infer(context, model, input, file, options);
      if (options.save) await save(options.save, outputs);
      const shapes = [...outputs].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
      const { top, objects, agents, degraded, wire, totalMs, stages } = summary;
      const document = {
        ...{ model: summary.model, input },
        ...(summary.version === undefined ? {} : { version: summary.version }),
        ...(top ? { top } : {}),
        ...(objects ? { objects } : {}),
        ...{ outputs: shapes, agents, degraded, ...(wire ? { wire } : {}), totalMs, stages },
      };
      output.result(document, () => {
        const lines = shapes.map(({ name, dtype, shape }) => `${name}: ${dtype} ${shapeText(shape)}`);
        return answerText(output, summary, lines);
      });
    });
}

async function save(file: string, outputs: ReadonlyMap<string, Tensor>): Promise<void> {
  const [first] = outputs.values();
  if (!first) return;
  try {
    await writeFile(file, file.endsWith('.npz') ? writeNpz(outputs) : writeNpy(first));
  } catch (error) {
    throw usage(`The file ${file} cannot be written: ${reasonOf(error)}.`, 'Give --save another path.');
  }
}

async function inferThere(
  context: CliContext,
  spec: string,
  _input: string,
  file: Uint8Array,
  { top, ...flags }: InferFlags,
): Promise<Answer> {
  const name = await nameServed(spec);
  return withClient(context, flags, (client) => {
    context.output.progress(`Waiting for the answer of ${name}`);
    return client.infer(name, { file }, { top, outputs: 'tensors' });
  });
}

async function inferHere(
  { lifetime, output }: CliContext,
  spec: string,
  input: string,
  _file: Uint8Array,
  { shape: shapes, top, engine: name }: InferFlags,
): Promise<Answer> {
  const engine = await commandEngine(name);
  lifetime.defer(() => engine.stop());
  output.progress(`Reading ${spec}`);
  const model = await resolveModel(spec, { engine, ...(shapes ? { shapes } : {}) });
  const { inputs, placement } = await inputsFor(model, input);
  output.progress(`Running ${spec}`);
  const { outputs, totalMs } = await runLocally(engine, model.graph, inputs, { consume: true });
  const seen = { top, ...(placement ? { placement } : {}) };
  const result: InferenceResult = { outputs, degraded: false, stages: [], totalMs };
  return { outputs, summary: summarize({ ...model, strategy: 'local' }, 'local', 0, result, seen) };
}
