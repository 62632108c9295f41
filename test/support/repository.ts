import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeNpy } from '../../src/formats/npy.ts';
import { writeOnnx } from '../../src/formats/onnx/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { GraphBuilder } from '../../src/zoo/builder.ts';
import { SMALL_SHAPE } from './small-model.ts';

/** Two convolutions; another seed gives other filters, and so other outputs. */
export function seededGraph(seed: number): Graph {
  const builder = new GraphBuilder('small', seed);
  const image = builder.input('image', SMALL_SHAPE);
  const first = builder.relu('relu1', builder.conv('conv1', image, { channels: 12, kernel: 3, pad: 1 }));
  return builder.build([builder.conv('conv2', first, { channels: 10, kernel: 3 })]);
}

/** Writes files below `folder`, and the folders that they need. */
export async function writeFiles(
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

type Tensors = ReadonlyMap<string, Tensor>;

/** The files of a version of a model that takes tensors, with one golden case where one is given. */
export function versionFiles(graph: Graph, golden?: { inputs: Tensors; outputs: Tensors }) {
  const files: Record<string, string | Uint8Array> = { 'model.onnx': writeOnnx(graph) };
  const write = (kind: string, tensors: Tensors) =>
    Object.fromEntries(
      [...tensors].map(([name, tensor], at) => {
        const path = `golden/${kind}-${at}.npy`;
        files[path] = writeNpy(tensor);
        return [name, path];
      }),
    );
  const cases = golden && [
    { inputs: write('input', golden.inputs), outputs: write('output', golden.outputs), tolerance: 1e-3 },
  ];
  const manifest = { name: 'any', version: '1', model: 'model.onnx', task: 'tensor' };
  files['manifest.json'] = JSON.stringify({ ...manifest, ...(cases ? { golden: cases } : {}) });
  return files;
}
