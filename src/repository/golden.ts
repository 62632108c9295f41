import { IsobathError, reasonOf } from '../base/errors.ts';
import { readInput, readTensor } from '../formats/input.ts';
import { type Manifest, pathInside } from '../formats/manifest.ts';
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
 * The golden cases of a manifest in `folder`, which names what the model has. Throws ISO_ERR_MANIFEST_INVALID where their files
 * cannot be read, and what `readInput` throws.
 */
export async function readGolden(folder: string, manifest: Manifest, graph: Graph): Promise<GoldenCase[]> {
  const { golden = [] } = manifest;
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

async function tensorsOf(
  folder: string,
  files: Readonly<Record<string, string>>,
  manifest: Manifest,
  graph: Graph,
): Promise<Map<string, Tensor>> {
  const tensors = new Map<string, Tensor>();
  for (const [name, file] of Object.entries(files)) {
    const path = await pathInside(folder, file).catch((error: unknown) => {
      const problems = `golden: ${file} cannot be read: ${reasonOf(error)}`;
      throw IsobathError.of('ISO_ERR_MANIFEST_INVALID', { file: `${folder}/manifest.json`, problems }, error);
    });
    // an output that has another shape in every run is as the file has it
    const type = graph.types.get(name);
    tensors.set(name, await (type ? readInput(path, { input: name, type, manifest }) : readTensor(path)));
  }
  return tensors;
}
