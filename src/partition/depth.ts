import { numberOf } from '../graph/attributes.ts';
import { type Graph, knownTypeOf, type Node, readsOf } from '../graph/graph.ts';
import { axisRegion, type Range, type Region, regionSize, type Shape, sizeOf } from '../tensor/region.ts';
import type { Run } from './run.ts';
import { type Goals, type Walk, walkBack } from './walk.ts';

/** Where the depth of a layer lies: the axis of its output, and how many channels go in and come out. */
export interface LayerDepth {
  readonly axis: number;
  /** c: channels of the IFM that can be summed apart. */
  readonly input: number;
  /** f: channels of the OFM. */
  readonly output: number;
  readonly outputShape: Shape;
}

/** Operators whose filters have a depth. */
export const LAYERS: readonly string[] = ['Conv', 'ConvTranspose', 'Gemm', 'MatMul'];

/** The depth of a layer over float32 tensors of known shape; undefined for any other node. */
export function layerDepth(graph: Graph, node: Node): LayerDepth | undefined {
  if (node.domain !== '' || !LAYERS.includes(node.op)) return undefined;
  const types = [...readsOf(node), node.outputs[0]!].map((name) => graph.types.get(name));
  if (types.some((type) => type?.dtype !== 'float32')) return undefined;
  const [ifm, filters] = [types[0]!.shape, types[1]!.shape];
  const outputShape = types.at(-1)!.shape;
  if (outputShape.includes(0) || ifm.includes(0)) return undefined;
  if (node.op === 'Conv') return { axis: 1, input: ifm[1]!, output: filters[0]!, outputShape };
  if (node.op === 'ConvTranspose') return { axis: 1, input: ifm[1]!, output: outputShape[1]!, outputShape };
  if (node.op === 'Gemm') {
    return {
      axis: 1,
      input: ifm[numberOf(node, 'transA', 0) ? 0 : 1]!,
      output: outputShape[1]!,
      outputShape,
    };
  }
  const axis = outputShape.length - 1;
  return { axis, input: ifm.at(-1)!, output: filters.length > 1 ? outputShape[axis]! : 1, outputShape };
}

/**
 * How the depth of a run is cut: into `units` that stay apart from the first node to the last (a channel of a feature
 * map, the elements of that channel behind a Flatten, the filters of a depthwise convolution that read it).
 */
export interface DepthCut {
  readonly units: number;
  /** What a range of units makes. */
  goals(range: Range): Goals;
  /** True where also what comes from outside must be read in parts. */
  readonly local?: boolean;
}

/** The region of a tensor whose depth is a whole multiple of `units`, under a range of the units. */
export function depthRegion(shape: Shape, axis: number, units: number, [start, end]: Range): Region {
  const factor = shape[axis]! / units;
  return axisRegion(shape, axis, [start * factor, end * factor]);
}

/** Why `tensor` does not have a whole number of channels per unit; undefined where it does. */
export function unevenDepth(graph: Graph, tensor: string, axis: number, units: number): string | undefined {
  const shape = graph.types.get(tensor)?.shape;
  if (!shape || shape.includes(0)) return `the shape of ${tensor} is not known or empty`;
  if (shape.length > axis && shape[axis]! % units === 0) return undefined;
  return `the channels of ${tensor} do not go with the ${units} channels that are cut`;
}

/**
 * Tries a first, a last and half of the units: nothing on the way may be needed beyond the units' share of it, else
 * shards would compute the same thing twice.
 */
export function unfitDepthCut(run: Run, cut: DepthCut): string | undefined {
  const { units } = cut;
  const trials: Range[] = [
    [0, 1],
    [units - 1, units],
    [0, Math.ceil(units / 2)],
  ];
  for (const trial of trials) {
    const walk = walkBack(run, cut.goals(trial));
    const { stuck } = walk;
    if (stuck) return `${stuck.name} (${stuck.op}) cannot be cut along its channels`;
    const shared = sharedTensor(run.graph, walk, (trial[1] - trial[0]) / units, cut.local ?? false);
    if (shared) return `a part of the channels needs more than the same part of ${shared}`;
  }
  return undefined;
}

/** The tensor nearest to the goals of which more is needed than `share`. */
function sharedTensor(graph: Graph, walk: Walk, share: number, local: boolean): string | undefined {
  for (const [tensor, region] of walk.needed) {
    const size = sizeOf(knownTypeOf(graph.types, tensor).shape);
    if ((local || walk.made.has(tensor)) && regionSize(region) > share * size + 1e-6) return tensor;
  }
  return undefined;
}
