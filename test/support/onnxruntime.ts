import ort from 'onnxruntime-node';
import { type DType, isDType } from '../../src/tensor/dtype.ts';
import { Tensor } from '../../src/tensor/tensor.ts';

const SETTINGS = { graphOptimizationLevel: 'disabled', logSeverityLevel: 4 } as const;

/** Throws where onnxruntime refuses the model; gives the names of its outputs. */
export async function compileOnnx(bytes: Uint8Array): Promise<string[]> {
  const session = await ort.InferenceSession.create(bytes, SETTINGS);
  const names = [...session.outputNames];
  await session.release();
  return names;
}

/** Runs ONNX bytes in onnxruntime, without its own graph optimisations: the oracle for what a model means. */
export async function runOnnx(
  bytes: Uint8Array,
  inputs: Readonly<Record<string, Tensor>>,
): Promise<Record<string, Tensor>> {
  const session = await ort.InferenceSession.create(bytes, SETTINGS);
  try {
    const feeds = Object.fromEntries(
      Object.entries(inputs).map(([name, { dtype, data, shape }]) => [
        name,
        new ort.Tensor(dtype, data, shape),
      ]),
    );
    const results = await session.run(feeds);
    return Object.fromEntries(session.outputNames.map((name) => [name, fromOrt(results[name]!)]));
  } finally {
    await session.release();
  }
}

function fromOrt(value: ort.Tensor): Tensor {
  if (!isDType(value.type)) throw new Error(`an output is of the type ${value.type}`);
  return Tensor.of(value.type as DType, [...value.dims], value.data as never);
}

export interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

/** Where the elements differ by more than absolute + relative |wanted|; undefined where they do nowhere. */
export function difference(
  got: Tensor,
  wanted: Tensor,
  { relative, absolute }: Tolerance,
): string | undefined {
  const shapes = `${got.dtype} [${got.shape}] and ${wanted.dtype} [${wanted.shape}]`;
  if (got.dtype !== wanted.dtype || String(got.shape) !== String(wanted.shape)) return shapes;
  const wantedData = wanted.data;
  const gotData = got.data;
  for (let i = 0; i < wantedData.length; i += 1) {
    const a = Number(gotData[i]);
    const b = Number(wantedData[i]);
    const same = Object.is(a, b) || Math.abs(a - b) <= absolute + relative * Math.abs(b);
    if (!same) return `element ${i}: ${a} instead of ${b}`;
  }
  return undefined;
}
