import { extname } from 'node:path';
import { readInput } from '../../formats/input.ts';
import type { GoldenFiles } from '../../formats/manifest.ts';
import { writeNpy } from '../../formats/npy.ts';
import { isPicture, sniff } from '../../formats/sniff.ts';
import { bytesOfSource } from '../../formats/source.ts';
import { inputTypeOf } from '../../graph/graph.ts';
import type { StoreFile } from '../../repository/store.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { inputsFor } from '../model-input.ts';
import { randomInputs } from '../random-input.ts';
import type { ResolvedModel } from '../resolve-model.ts';
import { topicName } from '../served-name.ts';
import type { ImportFlags } from './flags.ts';

type Tensors = ReadonlyMap<string, Tensor>;

export interface GoldenInput {
  /** As the user wrote it. */
  readonly given: string;
  readonly tensors: Tensors;
  /** A picture is kept as it is, so that its preparation is checked, too. */
  readonly picture?: { readonly input: string; readonly file: string; readonly bytes: Uint8Array };
}

/** The files of one golden case, and what the manifest says of them. */
export interface GoldenParts {
  readonly golden: GoldenFiles;
  readonly files: readonly StoreFile[];
}

/** Stands for seeded random values where an input is asked for. */
const RANDOM = 'random';

/** What `--golden` names, read. Throws as `readInput` does. */
export async function goldenInputs(
  model: ResolvedModel,
  { golden = [], seed }: ImportFlags,
): Promise<GoldenInput[]> {
  const inputs: GoldenInput[] = [];
  for (const [at, given] of golden.entries()) {
    if (given === RANDOM) {
      inputs.push({ given, tensors: randomInputs(model.graph, seed + at) });
      continue;
    }
    const bytes = await bytesOfSource(given);
    const { manifest, graph } = model;
    if (isPicture(sniff(bytes)) && manifest?.input) {
      const input = manifest.input.name;
      const tensor = await readInput(given, { input, type: inputTypeOf(graph, input), manifest });
      const file = `picture${extname(given).toLowerCase()}`;
      inputs.push({ given, tensors: new Map([[input, tensor]]), picture: { input, file, bytes } });
    } else inputs.push({ given, tensors: (await inputsFor(model, given)).inputs });
  }
  return inputs;
}

export function goldenFiles(
  at: number,
  { tensors, picture }: GoldenInput,
  outputs: Tensors,
  tolerance: number,
): GoldenParts {
  const files: StoreFile[] = [];
  const folder = `golden/${at + 1}`;
  const write = (kind: string, all: Tensors): Record<string, string> => {
    const entries = [...all].map(([name, tensor], place) => {
      const kept = picture && kind === 'input' && picture.input === name ? picture : undefined;
      const path = `${folder}/${kept?.file ?? `${kind}-${place}-${topicName(name).slice(0, 64)}.npy`}`;
      files.push({ path, bytes: kept?.bytes ?? writeNpy(tensor) });
      return [name, path] as const;
    });
    return Object.fromEntries(entries);
  };
  const golden: GoldenFiles = {
    inputs: write('input', tensors),
    outputs: write('output', outputs),
    tolerance,
  };
  return { golden, files };
}
