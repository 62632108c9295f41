import { IsobathError, reasonOf } from '../base/errors.ts';
import { readInput } from '../formats/input.ts';
import { type Manifest, pathInside } from '../formats/manifest.ts';
import type { Graph } from '../graph/graph.ts';
import { differenceOf } from '../tensor/difference.ts';
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
 * wire where that is larger.
 */
export async function checkGolden(
  { name, version, golden = [], wire = 'float32' }: Checked,
  infer: (inputs: ReadonlyMap<string, Tensor>, at: number) => Promise<ReadonlyMap<string, Tensor>>,
): Promise<void> {
  for (const [at, { inputs, outputs, tolerance: own }] of golden.entries()) {
    const tolerance = Math.max(own, WIRE_TOLERANCE[wire]);
    const { maxRelativeDifference } = differenceOf(await infer(inputs, at), outputs);
    if (maxRelativeDifference <= tolerance) continue;
    throw IsobathError.of('ISO_ERR_GOLDEN_MISMATCH', {
      model: version === undefined ? name : `${name}, version ${version},`,
      at: at + 1,
      difference: maxRelativeDifference.toExponential(2),
      tolerance,
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
    tensors.set(name, await readInput(path, { input: name, type: graph.types.get(name)!, manifest }));
  }
  return tensors;
}
