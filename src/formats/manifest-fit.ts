import { IsobathError } from '../base/errors.ts';
import type { Graph } from '../graph/graph.ts';
import { sizeOf } from '../tensor/region.ts';
import type { TensorType } from '../tensor/tensor.ts';
import { detectionMisfits } from './detection/index.ts';
import type { GoldenFiles, Manifest } from './manifest.ts';
import { frameOf } from './pictures/image.ts';

/** What a model may have been given of a manifest when it is checked. */
type Checked = Omit<Manifest, 'name' | 'version' | 'model'>;

/**
 * Checks a manifest against the model that it is of, which has complete `types` but for tensors of another shape in every run: names of inputs and
 * outputs, what a picture becomes, labels and classes, how outputs become boxes, golden files. Throws one
 * ISO_ERR_MANIFEST_INVALID that lists every problem, and what the model has; `file` names the manifest there.
 */
export function checkAgainstModel(manifest: Checked, graph: Graph, file: string): void {
  const problems = [
    ...inputProblems(manifest, graph),
    ...outputProblems(manifest, graph),
    ...detectionProblems(manifest, graph),
    ...(manifest.golden ?? []).flatMap((files, at) => goldenProblems(files, `golden[${at}]`, graph)),
  ];
  if (problems.length === 0) return;
  const has = `the model has the inputs ${listed(graph, 'inputs')} and the outputs ${listed(graph, 'outputs')}`;
  throw IsobathError.of('ISO_ERR_MANIFEST_INVALID', { file, problems: [...problems, has].join('; ') });
}

function inputProblems({ input, shapes = {} }: Checked, graph: Graph): string[] {
  const unknown = Object.keys(shapes).filter((name) => !graph.inputs.includes(name));
  const problems = unknown.map((name) => `shapes names ${name}, which is no input of the model`);
  if (!input) return problems;
  if (!graph.inputs.includes(input.name))
    return [...problems, `input.name is ${input.name}, which is no input of the model`];
  const type = graph.types.get(input.name);
  if (type && !frameOf(type.shape, input)) {
    const channels = input.channels === 'gray' ? 1 : 3;
    const made = [`[1, ${channels}, height, width]`, `[1, height, width, ${channels}]`];
    const kind = input.layout ? made[input.layout === 'NCHW' ? 0 : 1] : made.join(' or ');
    problems.push(`input: a picture of ${input.channels} makes ${kind}, but ${input.name} is ${shown(type)}`);
  }
  return problems;
}

function outputProblems({ task, output, labels }: Checked, graph: Graph): string[] {
  const name = output?.name ?? graph.outputs[0];
  if (name === undefined || !graph.outputs.includes(name))
    return [`output.name is ${name}, which is no output of the model`];
  const type = graph.types.get(name);
  if (task !== 'classification' || labels.length === 0 || !type) return [];
  const classes = sizeOf(type.shape);
  return classes === labels.length
    ? []
    : [`there are ${labels.length} labels, but the output ${name} has ${classes} values`];
}

function detectionProblems({ detection, input, labels }: Checked, graph: Graph): string[] {
  if (!detection) return [];
  const shapes = new Map(graph.outputs.map((name) => [name, graph.types.get(name)?.shape]));
  const shape = input && graph.types.get(input.name)?.shape;
  const heads = { shapes, labels: labels.length, input: shape && frameOf(shape, input) };
  return detectionMisfits(detection, heads).map(
    ({ output, got, want }) => `detection: the output ${output} is ${got}, but wanted is ${want}`,
  );
}

function goldenProblems(files: GoldenFiles, path: string, graph: Graph): string[] {
  const unknown = (field: 'inputs' | 'outputs') =>
    Object.keys(files[field])
      .filter((name) => !graph[field].includes(name))
      .map((name) => `${path}.${field} names ${name}, which the model does not have`);
  const missing = graph.inputs
    .filter((name) => !Object.hasOwn(files.inputs, name))
    .map((name) => `${path}.inputs lacks ${name}`);
  return [...unknown('inputs'), ...unknown('outputs'), ...missing];
}

function listed(graph: Graph, ends: 'inputs' | 'outputs'): string {
  return graph[ends].map((name) => `${name} ${shown(graph.types.get(name))}`).join(', ');
}

function shown(type: TensorType | undefined): string {
  return type ? `[${type.shape.join(', ')}]` : 'of an open shape';
}
