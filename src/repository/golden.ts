import { IsobathError, reasonOf } from '../base/errors.ts';
import { readInput, readTensor } from '../formats/input.ts';
import { type GoldenFiles, type Manifest, pathInside } from '../formats/manifest.ts';
import type { Graph } from '../graph/graph.ts';
import { boundText, judge, type Noise } from '../tensor/judgement.ts';
import { type Precision, WIRE_TOLERANCE } from '../tensor/precision.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Inputs, and what the model gives for them. */
export interface GoldenCase {
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly outputs: ReadonlyMap<string, Tensor>;
  /** Largest difference that passes, as a part of the output's largest magnitude. */
  readonly tolerance: number;
}

/**
 * The golden cases of a manifest in `folder`. Throws ISO_ERR_MANIFEST_INVALID where they do not fit the model, and what
 * `readInput` throws.
 */
export async function readGolden(folder: string, manifest: Manifest, graph: Graph): Promise<GoldenCase[]> {
  const { golden = [] } = manifest;
  const problems = golden.flatMap((files, at) => misfits(files, `golden[${at}]`, graph));
  if (problems.length > 0) throw invalid(folder, problems.join('; '));
  const cases: GoldenCase[] = [];
  for (const { inputs, outputs, tolerance } of golden) {
    const read = (files: Readonly<Record<string, string>>) => tensorsOf(folder, files, manifest, graph);
    cases.push({ inputs: await read(inputs), outputs: await read(outputs), tolerance });
  }
  return cases;
}

/**
 * Throws ISO_ERR_GOLDEN_MISMATCH for the first case that `infer` does not give within its tolerance, or within that of the
 * wire or of what rounding does to the model where that is larger. `noise` measures the latter, where it is asked.
 */
export async function checkGolden(
  { name, version, golden = [], wire = 'float32' }: Checked,
  infer: (inputs: ReadonlyMap<string, Tensor>, at: number) => Promise<ReadonlyMap<string, Tensor>>,
  noise?: (inputs: ReadonlyMap<string, Tensor>) => Promise<Noise>,
): Promise<void> {
  for (const [at, { inputs, outputs, tolerance: own }] of golden.entries()) {
    const tolerance = Math.max(own, WIRE_TOLERANCE[wire]);
    const got = await infer(inputs, at);
    const allowance = { tolerance, lossy: wire !== 'float32' };
    let judgement = judge(got, outputs, allowance);
    if (!judgement.ok && noise) judgement = judge(got, outputs, { ...allowance, noise: await noise(inputs) });
    if (judgement.ok) continue;
    throw IsobathError.of('ISO_ERR_GOLDEN_MISMATCH', {
      model: version === undefined ? name : `${name}, version ${version},`,
      at: at + 1,
      difference: judgement.maxRelativeDifference.toExponential(2),
      bound: boundText(judgement.bound, tolerance),
    });
  }
}

interface Checked {
  readonly name: string;
  readonly version?: string;
  readonly golden?: readonly GoldenCase[];
  readonly wire?: Precision;
}

function misfits(files: GoldenFiles, path: string, graph: Graph): string[] {
  const unknown = (field: 'inputs' | 'outputs') =>
    Object.keys(files[field])
      .filter((name) => !graph[field].includes(name))
      .map((name) => `${path}.${field} names ${name}, but the model has ${graph[field].join(', ')}`);
  const missing = graph.inputs
    .filter((name) => !Object.hasOwn(files.inputs, name))
    .map((name) => `${path}.inputs lacks ${name}`);
  return [...unknown('inputs'), ...unknown('outputs'), ...missing];
}

async function tensorsOf(
  folder: string,
  files: Readonly<Record<string, string>>,
  manifest: Manifest,
  graph: Graph,
): Promise<Map<string, Tensor>> {
  const tensors = new Map<string, Tensor>();
  for (const [name, file] of Object.entries(files)) {
    const path = await pathInside(folder, file).catch((error: unknown) => {
      throw invalid(folder, `golden: ${file} cannot be read: ${reasonOf(error)}`, error);
    });
    // an output that has another shape in every run is as the file has it
    const type = graph.types.get(name);
    tensors.set(name, await (type ? readInput(path, { input: name, type, manifest }) : readTensor(path)));
  }
  return tensors;
}

function invalid(folder: string, problems: string, cause?: unknown): IsobathError {
  return IsobathError.of('ISO_ERR_MANIFEST_INVALID', { file: `${folder}/manifest.json`, problems }, cause);
}
