import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { readOnnx, readTensorProto } from '../formats/onnx/index.ts';
import type { Graph } from '../graph/graph.ts';
import { inferTypes } from '../graph/infer.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { ConformanceCase } from './conformance.ts';
import { rejectsWith } from './conformance-support.ts';
import type { Engine } from './engine.ts';

/** The tolerance of ONNX's own runner. */
const RELATIVE = 1e-3;
const ABSOLUTE = 1e-7;

/**
 * ONNX's single-operator cases in `folder` (`<case>/model.onnx` and `<case>/test_data_set_0`), for an engine that the
 * caller starts and stops. An engine need not know the operators that `unsupported` picks by the case's name, but must
 * refuse them with ISO_ERR_ENGINE_COMPILE. Cases whose outputs are no tensors are left out.
 */
export function onnxConformance(
  engine: Engine,
  folder: string,
  unsupported: (name: string) => boolean = () => false,
): ConformanceCase[] {
  return readdirSync(folder)
    .filter((name) => existsSync(path.join(folder, name, 'test_data_set_0', 'output_0.pb')))
    .filter((name) => !name.includes('to_sequence'))
    .sort()
    .map((name) => ({
      name,
      run: () => runCase(engine, path.join(folder, name), unsupported(name)),
    }));
}

async function runCase(engine: Engine, folder: string, refused: boolean): Promise<void> {
  const inputs = stored(folder, 'input');
  const graph = readCase(folder, inputs);
  if (refused) return rejectsWith('ISO_ERR_ENGINE_COMPILE', engine.compile(graph));
  const program = await engine.compile(graph);
  const { outputs } = await program.run(inputs).finally(() => program.dispose());
  const wanted = stored(folder, 'output');
  assert.equal(outputs.length, wanted.length);
  for (const [at, want] of wanted.entries()) compare(outputs[at]!, want, graph.outputs[at]!);
}

/** Dimensions that the model leaves open have the sizes of the stored inputs. */
function readCase(folder: string, inputs: readonly Tensor[]): Graph {
  const file = path.join(folder, 'model.onnx');
  const bytes = readFileSync(file);
  const options = { file, float16: 'keep' } as const;
  const names = readOnnx(bytes, options).inputs;
  const shapes = Object.fromEntries(names.map((name, at) => [name, inputs[at]!.shape]));
  return inferTypes(readOnnx(bytes, { ...options, shapes }));
}

function stored(folder: string, role: 'input' | 'output'): Tensor[] {
  const data = path.join(folder, 'test_data_set_0');
  return readdirSync(data)
    .filter((file) => file.startsWith(`${role}_`))
    .map((_, at) => {
      const file = path.join(data, `${role}_${at}.pb`);
      return readTensorProto(readFileSync(file), file).tensor;
    });
}

function compare(got: Tensor, want: Tensor, name: string): void {
  assert.equal(`${got.dtype} [${got.shape}]`, `${want.dtype} [${want.shape}]`, name);
  const [a, b] = [got.data, want.data];
  for (let at = 0; at < b.length; at += 1) {
    const [x, y] = [Number(a[at]), Number(b[at])];
    const close = Object.is(x, y) || Math.abs(x - y) <= ABSOLUTE + RELATIVE * Math.abs(y);
    assert.ok(close, `element ${at} of ${name} is ${x}, not ${y}`);
  }
}
