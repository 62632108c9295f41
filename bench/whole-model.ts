import { createRequire } from 'node:module';
import type { InferenceSession } from 'onnxruntime-node';
import type { DType } from '../src/tensor/dtype.ts';
import { Tensor } from '../src/tensor/tensor.ts';

/** A whole model on one side of a comparison: named tensors in, named tensors out. */
export interface WholeModel {
  run(inputs: ReadonlyMap<string, Tensor>): Promise<ReadonlyMap<string, Tensor>>;
  close(): Promise<void>;
}

/** How much onnxruntime may change a graph before it runs it. */
export type OptimizationLevel = NonNullable<InferenceSession.SessionOptions['graphOptimizationLevel']>;

/** The file in a session as onnxruntime's users open it: nothing but threads and level differ from its defaults. */
export async function openOnnxruntime(
  file: string,
  threads: number,
  level: OptimizationLevel = 'all',
): Promise<WholeModel> {
  process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
  const ort = createRequire(import.meta.url)('onnxruntime-node') as typeof import('onnxruntime-node');
  const session = await ort.InferenceSession.create(file, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    graphOptimizationLevel: level,
  });
  return {
    run: async (inputs) => {
      const feeds = [...inputs].map(([name, { dtype, shape, data }]) => {
        return [name, new ort.Tensor(dtype as 'float32', data as Float32Array, shape)] as const;
      });
      const results = await session.run(Object.fromEntries(feeds));
      return new Map(
        session.outputNames.map((name): [string, Tensor] => {
          const { type, dims, data } = results[name]!;
          return [name, Tensor.of(type as DType, [...dims], data as never)];
        }),
      );
    },
    close: () => session.release(),
  };
}

/** Of one output, by name: what goes from process to process. */
export type PlainOutput = readonly [string, Pick<Tensor, 'dtype' | 'shape' | 'data'>];

export function plainOutputs(outputs: ReadonlyMap<string, Tensor>): PlainOutput[] {
  return [...outputs].map(([name, { dtype, shape, data }]) => [name, { dtype, shape, data }]);
}

export function tensorsOf(outputs: readonly PlainOutput[]): Map<string, Tensor> {
  return new Map(outputs.map(([name, { dtype, shape, data }]) => [name, Tensor.of(dtype, shape, data)]));
}
