import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomInputs } from '../../src/cli/random-input.ts';
import { resolveModel } from '../../src/cli/resolve-model.ts';
import { firstEngine } from '../../src/engine/choice.ts';
import { writeOnnx } from '../../src/formats/onnx/write.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { elementBytes } from '../../src/tensor/dtype.ts';
import { runName } from './names.ts';
import { type PlainTensors, plain } from './plain-tensors.ts';

/** A model as a file that master and baseline read, and what they are asked. */
export interface FogModel {
  /** As the user wrote it. */
  readonly spec: string;
  /** As it is served. */
  readonly name: string;
  readonly file: string;
  readonly inputs: PlainTensors;
  readonly inputBytes: number;
  readonly outputBytes: number;
  remove(): Promise<void>;
}

/** `defer` takes what removes the file, before it is there. */
export async function fogModel(spec: string, defer: (undo: () => Promise<void>) => void): Promise<FogModel> {
  const engine = await firstEngine({ threads: 1 });
  try {
    const { name, graph } = await resolveModel(spec, { engine });
    const directory = await mkdtemp(join(tmpdir(), `${runName(process.pid)}-model-`));
    const remove = () => rm(directory, { recursive: true, force: true });
    defer(remove);
    const file = join(directory, 'model.onnx');
    await writeFile(file, writeOnnx(graph));
    return {
      ...{ spec, name, file, inputs: plain(randomInputs(graph)) },
      inputBytes: bytesOf(graph, graph.inputs),
      outputBytes: bytesOf(graph, graph.outputs),
      remove,
    };
  } finally {
    await engine.stop();
  }
}

function bytesOf(graph: Graph, names: readonly string[]): number {
  return names.reduce((sum, name) => {
    const type = graph.types.get(name);
    return (
      sum + (type ? elementBytes(type.dtype) * type.shape.reduce((size, extent) => size * extent, 1) : 0)
    );
  }, 0);
}
