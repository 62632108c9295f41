import { loadOnnx } from '../../../src/formats/onnx/index.ts';
import type { Graph } from '../../../src/graph/graph.ts';

/** The model at `file`, whatever its format. */
export function load(file: string): Promise<Graph> {
  return loadOnnx(file);
}
