import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { resolveModel } from '../../src/cli/resolve-model.ts';
import { table } from '../../src/cli/table.ts';
import { engineNamed } from '../../src/engine/engines.ts';
import { writeNpz } from '../../src/formats/npz.ts';
import { machine } from '../support/machine.ts';
import { FIELD_MODELS, type FieldModel } from './catalogue.ts';
import { fieldModelFile } from './files.ts';
import { inputsOf } from './inputs.ts';
import { type RunnableModel, STEPS, type StepName, type StepResult } from './steps.ts';

/**
 * Trained models that packages of PyPI and npm ship, on the product as it is built: inspected, imported, run whole against
 * onnxruntime (TensorFlow.js for its own), and distributed over three agent processes by two strategies. A figure is the
 * largest difference by the largest magnitude; behind it, the distributed stages of all. Exits with 1 unless all are right.
 * `npm run field -- --models nudenet-320n,magika --json`
 */
const { values } = parseArgs({
  options: { models: { type: 'string' }, json: { type: 'boolean', default: false } },
});
const names = values.models?.split(',') ?? FIELD_MODELS.map(({ name }) => name);
const unknown = names.filter((name) => !FIELD_MODELS.some((model) => model.name === name));
if (unknown.length > 0) {
  console.error(
    `Unknown: ${unknown.join(', ')}. There are ${FIELD_MODELS.map(({ name }) => name).join(', ')}.`,
  );
  process.exit(2);
}

const scratch = await mkdtemp(join(tmpdir(), 'isobath-field-'));

interface Row {
  readonly model: FieldModel;
  readonly steps: Readonly<Record<StepName, StepResult>>;
}

/** With inputs of its own, where it has some. They are no file where the model cannot be read, which the steps tell. */
async function runnable(model: FieldModel): Promise<RunnableModel> {
  const source = await fieldModelFile(model);
  if (!model.values) return source;
  const engine = engineNamed('onnxruntime', { threads: 1 });
  try {
    const { graph } = await resolveModel(source.file, { engine, shapes: source.shapes ?? {} });
    const inputs = join(scratch, `${model.name}.npz`);
    await writeFile(inputs, writeNpz(inputsOf(graph, model.values)));
    return { ...source, inputs };
  } catch {
    return source;
  } finally {
    await engine.stop();
  }
}

async function stepsOf(model: FieldModel): Promise<Row> {
  const file = await runnable(model);
  const steps: [string, StepResult][] = [];
  for (const [step, run] of Object.entries(STEPS)) {
    console.error(`${model.name}: ${step}`);
    steps.push([step, await run(file)]);
  }
  return { model, steps: Object.fromEntries(steps) as Row['steps'] };
}

const rows: Row[] = [];
try {
  for (const model of FIELD_MODELS.filter(({ name }) => names.includes(name))) {
    rows.push(await stepsOf(model));
  }
} finally {
  await rm(scratch, { recursive: true, force: true });
}
const failures = rows.flatMap(({ model, steps }) => {
  return Object.entries(steps).flatMap(([step, { ok, reason = '' }]) =>
    ok ? [] : [{ model, step, reason }],
  );
});
if (values.json) {
  console.log(JSON.stringify({ node: process.version, machine: machine(), models: rows }, null, 2));
} else {
  const cells = rows.map(({ model, steps }) => {
    const { name, version } = model.package;
    return [model.name, `${name} ${version}`, ...Object.values(steps).map(({ text }) => text)];
  });
  const titles = ['model', 'package', ...Object.keys(STEPS)];
  console.log(
    table(
      titles.map((title) => ({ title })),
      cells,
    ),
  );
}
for (const { model, step, reason } of failures) console.error(`\n${model.name}, ${step}:\n${reason}`);
process.exitCode = failures.length > 0 ? 1 : 0;
