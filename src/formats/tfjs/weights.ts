import { reasonOf } from '../../base/errors.ts';
import { type ArrayOf, type DType, elementBytes } from '../../tensor/dtype.ts';
import { lazily } from '../../tensor/lazy.ts';
import { type Shape, sizeOf } from '../../tensor/region.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { LIMITS, type TfjsContext } from './context.ts';
import { isRecord, shown } from './json.ts';
import { elementsOf, type Quantization, readQuantization } from './quantization.ts';
import { ShardFiles } from './shard-files.ts';

/** The element types that tfjs stores. */
const STORED = ['float32', 'int32', 'bool'] as const satisfies readonly DType[];
type Stored = (typeof STORED)[number];

interface WeightSpec {
  readonly name: string;
  readonly dtype: Stored;
  readonly shape: Shape;
  readonly quantization: Quantization | undefined;
  /** In the shards. */
  readonly byteLength: number;
}

/**
 * The weights of a `weightsManifest`, by name, in the shapes that the file gives them. Quantised ones become what they
 * stand for. All files are looked at now (are they in the folder, have they the right size); elements are read when
 * `data` is asked for. Throws ISO_ERR_MODEL_MALFORMED, ISO_ERR_MODEL_UNSUPPORTED, ISO_ERR_MODEL_TOO_LARGE and
 * ISO_ERR_EXTERNAL_DATA.
 */
export function readWeights(manifest: unknown, context: TfjsContext): Map<string, Tensor> {
  const weights = new Map<string, Tensor>();
  // A model without weights has no manifest in some files.
  if (manifest === undefined || manifest === null) return weights;
  if (!Array.isArray(manifest)) throw context.malformed('its weightsManifest is not a list');
  let total = 0;
  for (const [at, group] of manifest.entries()) {
    const { paths, specs } = readGroup(group, at, context);
    const byteLength = specs.reduce((sum, spec) => sum + spec.byteLength, 0);
    total += byteLength;
    if (total > LIMITS.weightBytes) throw context.tooLarge(', its weights,', total, LIMITS.weightBytes);
    const shards = new ShardFiles(paths, byteLength, specs[0]?.name ?? `of group ${at}`, context);
    let offset = 0;
    for (const spec of specs) {
      if (weights.has(spec.name)) throw context.malformed(`the weight ${spec.name} is there twice`);
      if (weights.size >= LIMITS.weights)
        throw context.malformed(`it has more than ${LIMITS.weights} weights`);
      weights.set(spec.name, weightTensor(spec, shards, offset, context));
      offset += spec.byteLength;
    }
  }
  return weights;
}

function weightTensor(spec: WeightSpec, shards: ShardFiles, offset: number, context: TfjsContext): Tensor {
  const { name, dtype, shape, quantization, byteLength } = spec;
  return lazily(dtype, shape, () => {
    try {
      return elementsOf(shards.read(offset, byteLength), dtype, quantization) as ArrayOf<Stored>;
    } catch (error) {
      throw context.shard(name, shards.names, `cannot be read: ${reasonOf(error)}`, error);
    }
  });
}

function readGroup(
  group: unknown,
  at: number,
  context: TfjsContext,
): { paths: readonly string[]; specs: WeightSpec[] } {
  const { paths, weights } = isRecord(group) ? group : {};
  const named = Array.isArray(paths) && paths.every((path) => typeof path === 'string');
  if (!named || !Array.isArray(weights)) {
    throw context.malformed(`group ${at} of its weightsManifest has not the lists "paths" and "weights"`);
  }
  if (paths.length > LIMITS.shards) throw context.malformed(`it has more than ${LIMITS.shards} shards`);
  return { paths: paths as string[], specs: weights.map((weight) => readSpec(weight, context)) };
}

function readSpec(weight: unknown, context: TfjsContext): WeightSpec {
  const { name, dtype, shape, quantization: stored } = isRecord(weight) ? weight : {};
  if (typeof name !== 'string' || name === '')
    throw context.malformed(`a weight has the name ${shown(name)}`);
  if (!isShape(shape)) throw context.malformed(`the weight ${name} has the shape ${shown(shape)}`);
  if (!STORED.includes(dtype as Stored)) {
    throw context.unsupported(
      `the weight ${name} has elements of the type ${shown(dtype)}, not of ${STORED.join(', ')}`,
    );
  }
  const quantization = readQuantization(stored, name, dtype as Stored, context);
  const byteLength = sizeOf(shape) * elementBytes(quantization?.dtype ?? (dtype as Stored));
  if (byteLength > LIMITS.weightBytes)
    throw context.tooLarge(`, its weight ${name},`, byteLength, LIMITS.weightBytes);
  return { name, dtype: dtype as Stored, shape, quantization, byteLength };
}

function isShape(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.length <= LIMITS.rank &&
    value.every((extent) => Number.isSafeInteger(extent) && extent >= 0 && extent <= LIMITS.extent)
  );
}
