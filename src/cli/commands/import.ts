import type { Engine } from '../../engine/engine.ts';
import { checkGolden, readGolden } from '../../repository/golden.ts';
import { freeVersion, type StoreFile, storeVersion } from '../../repository/store.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { validName } from '../../wire/names.ts';
import { command } from '../command.ts';
import { type CliContext, usage } from '../context.ts';
import { commandEngine, engineOption } from '../engine.ts';
import { type ImportFlags, importOptions } from '../import/flags.ts';
import { type GoldenParts, goldenFiles, goldenInputs } from '../import/golden.ts';
import { type Draft, type Drafted, draftManifest, storedManifest } from '../import/new-manifest.ts';
import { distributionOf, distributionText } from '../import/report.ts';
import { modelFiles, namedFiles } from '../import/version-files.ts';
import { endsText, layerTable, namedTypes, totalsText } from '../layer-table.ts';
import { layersOf, totalsOf } from '../layers.ts';
import { randomInputs } from '../random-input.ts';
import { type ResolvedModel, resolveModel } from '../resolve-model.ts';
import { runLocally } from '../run-locally.ts';
import { msText } from '../table.ts';

/** `isobath import`: checks a model and stores it as a version in a directory of models. */
export function importCommand(context: CliContext) {
  const target = command({
    name: 'import',
    summary: 'check a model and store it in a directory of models',
    description:
      'Reads a model, says what of it will be distributed, runs it once, and stores it with a manifest as a version in ' +
      'a directory that `isobath master --models` serves. A running master takes the version over by itself. With ' +
      '--golden it records what the model gives: a master then serves a version only if it still gives that, distributed.',
    examples: [
      ['isobath import model.onnx --dry-run', 'checks a model; nothing is stored'],
      ['isobath import model.onnx --models /srv/models --name plates --golden random', 'as the next version'],
      [
        'isobath import net.onnx --models models --labels classes.txt --mean 0.5,0.5,0.5 --std 0.5,0.5,0.5',
        'a classifier of pictures that takes pixels from -1 to 1',
      ],
    ],
  });
  return importOptions(target)
    .argument('<model>', 'bundled name, zoo:NAME, or path of a model')
    .addOption(engineOption('what runs the model once'))
    .action((spec: string, flags: ImportFlags) => importModel(context, spec, flags));
}

async function importModel(context: CliContext, spec: string, flags: ImportFlags): Promise<void> {
  const { output, lifetime, environment } = context;
  const directory = flags.models ?? (environment['ISOBATH_REPOSITORY_DIRECTORY'] || undefined);
  if (directory === undefined && !flags.dryRun) {
    throw usage(
      'It is not said where the model is to be stored.',
      'Give --models DIRECTORY, or --dry-run to store nothing.',
    );
  }
  const engine = await commandEngine(flags.engine);
  lifetime.defer(() => engine.stop());
  output.progress(`Reading ${spec}`);
  const shapes = flags.shape ? { shapes: flags.shape } : {};
  const resolved = await resolveModel(spec, { engine, draft: true, ...shapes });
  const name = validName(flags.name ?? resolved.name);
  const drafted = await draftManifest(resolved, flags, name);
  const { draft } = drafted;
  const model = { ...resolved, manifest: { ...draft, version: '' } };
  const place = { model: name, ...(flags.version === undefined ? {} : { version: flags.version }) };
  // Before the model is run: a version that exists is told at once.
  const planned = directory === undefined ? null : await freeVersion({ ...place, directory });

  output.progress('Running the whole model');
  const inputs = await goldenInputs(model, flags);
  const first = inputs[0]?.tensors ?? randomInputs(model.graph, flags.seed);
  const run = await runLocally(engine, model.graph, first, { runs: 2 });
  const golden: GoldenParts[] = [];
  for (const [at, input] of inputs.entries()) {
    const { outputs } = at === 0 ? run : await runLocally(engine, model.graph, input.tensors);
    golden.push(goldenFiles(at, input, outputs, flags.tolerance));
  }
  const notes = notesOf(draft, run.outputs);
  await checkKept(drafted, model, engine);

  const own = await modelFiles(model, draft);
  const fresh = golden.flatMap(({ files }) => files);
  const kept = await namedFiles(drafted, [...own, ...fresh]);
  let stored: { version: string; folder: string } | undefined;
  if (directory !== undefined && !flags.dryRun) {
    output.progress(`Storing ${name}`);
    const recorded = golden.map((each) => each.golden);
    const files = (version: string): StoreFile[] => [
      ...own,
      ...fresh,
      ...kept,
      { path: 'manifest.json', bytes: storedManifest(draft, version, recorded) },
    ];
    stored = await storeVersion({ ...place, directory, files });
  }

  const layers = layersOf(model.graph);
  const totals = totalsOf(model.graph, layers);
  const distribution = distributionOf(layers);
  const { inputs: names, outputs } = model.graph;
  const ends = { inputs: namedTypes(model.graph, names), outputs: namedTypes(model.graph, outputs) };
  const document = {
    ...{ model: spec, name, version: stored?.version ?? planned, folder: stored?.folder ?? null },
    ...{ task: draft.task, labels: draft.labels.length, pictures: draft.input !== undefined, ...ends },
    ...{ totals, distribution, localMs: run.totalMs },
    golden: inputs.map(({ given }) => ({ input: given, tolerance: flags.tolerance })),
    ...{ notes, layers },
  };
  output.result(document, () =>
    [
      layerTable(output, layers),
      ...['', endsText(ends), totalsText(totals), distributionText(distribution, totals)],
      `Run     ${msText(run.totalMs)} ms here, as a whole`,
      ...notes.map((note) => `Note    ${note}`),
      stored
        ? `Stored  ${name}, version ${stored.version}: ${stored.folder}`
        : `Stored  nothing${planned === null ? '' : `; it would be version ${planned} of ${name}`}`,
    ].join('\n'),
  );
}

/** Golden outputs that its manifest brings must still be what the model gives. Throws ISO_ERR_GOLDEN_MISMATCH. */
async function checkKept({ draft, folder }: Drafted, model: ResolvedModel, engine: Engine): Promise<void> {
  if (!draft.golden || folder === undefined) return;
  const cases = await readGolden(folder, { ...draft, version: '' }, model.graph);
  await checkGolden({ name: draft.name, golden: cases }, async (inputs) => {
    return (await runLocally(engine, model.graph, inputs)).outputs;
  });
}

/** What somebody should know before the model serves. */
function notesOf({ input, output, task }: Draft, outputs: ReadonlyMap<string, Tensor>): string[] {
  const notes: string[] = [];
  if (!input) {
    notes.push(
      'It takes tensors only: --mean, --std, --scale or --channels say how a picture becomes its input.',
    );
  }
  const strange = [...outputs].filter(
    ([, { data }]) => !(data as Float32Array).every((value) => Number.isFinite(Number(value))),
  );
  for (const [name] of strange) notes.push(`The output ${name} has values that are no finite number.`);
  const [first] = outputs.values();
  const values = first ? Array.from(first.data as Float32Array, Number) : [];
  const sum = values.reduce((total, value) => total + value, 0);
  const probable = values.every((value) => value >= 0) && Math.abs(sum - 1) < 1e-3;
  if (task === 'classification' && strange.length === 0 && !probable && output?.activation !== 'softmax') {
    notes.push('Its output does not hold probabilities: --activation softmax makes them of logits.');
  }
  return notes;
}
