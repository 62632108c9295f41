import { numberOf } from '../graph/attributes.ts';
import { type Graph, knownTypeOf, type Node, readsOf, writesOf } from '../graph/graph.ts';
import { MICROSOFT } from '../graph/operators/qlinear.ts';
import { operatorKey } from '../graph/operators/spec.ts';
import { dequantizesConstants } from '../graph/passes/place-dequantized.ts';
import { axisRegion, type Range, type Region, regionSize, type Shape, sizeOf } from '../tensor/region.ts';
import type { Run } from './run.ts';
import { unitsOf } from './units.ts';
import { type Goals, type Walk, walkBack } from './walk.ts';

/** Where the depth of a layer lies: the axis of its output, and how many channels go in and come out. */
export interface LayerDepth {
  readonly axis: number;
  /** c: channels of the IFM that can be summed apart. */
  readonly input: number;
  /** f: channels of the OFM. */
  readonly output: number;
  readonly groups: number;
  readonly outputShape: Shape;
  /** True where it is the sum of what ranges of its input channels give. */
  readonly sums: boolean;
}

/** Where a layer has its filters, and what its elements are. */
interface LayerOperands {
  readonly filters: number;
  /** Of the inputs that are multiplied: float32, or quantised. */
  readonly elements: 'float32' | 'integers';
  /** False where what leaves the layer is quantised: parts of the sum would be rounded one by one. */
  readonly sums: boolean;
}

const FLOAT: LayerOperands = { filters: 1, elements: 'float32', sums: true };
/** The sum is int32: exact in any order. */
const SUMMED: LayerOperands = { filters: 1, elements: 'integers', sums: true };
const QUANTISED: LayerOperands = { filters: 3, elements: 'integers', sums: false };
/** Filters in blocks that only the operator can read. */
const PACKED: LayerOperands = { filters: 1, elements: 'float32', sums: false };

/** Operators whose filters have a depth, by `operatorKey`. */
const LAYERS: Readonly<Record<string, LayerOperands>> = {
  Conv: FLOAT,
  ConvInteger: SUMMED,
  ConvTranspose: FLOAT,
  Gemm: FLOAT,
  MatMul: FLOAT,
  MatMulInteger: SUMMED,
  QLinearConv: QUANTISED,
  QLinearMatMul: QUANTISED,
  [`${MICROSOFT}.MatMulNBits`]: PACKED,
  [`${MICROSOFT}.QGemm`]: QUANTISED,
};

/** The depth of a layer over tensors of known shape, of float32 or quantised; undefined for any other node. */
export function layerDepth(graph: Graph, node: Node): LayerDepth | undefined {
  const key = operatorKey(node);
  const operands = Object.hasOwn(LAYERS, key) ? LAYERS[key]! : undefined;
  const types = [...readsOf(node), node.outputs[0]!].map((name) => graph.types.get(name));
  if (!operands || types.some((type) => !type)) return undefined;
  if (operands === FLOAT && types.some((type) => type?.dtype !== 'float32')) return undefined;
  const ifm = types[0]!.shape;
  const filters = knownTypeOf(graph.types, node.inputs[operands.filters]!).shape;
  const outputShape = types.at(-1)!.shape;
  if (outputShape.includes(0) || ifm.includes(0)) return undefined;
  const { sums } = operands;
  if (node.op.includes('Conv')) {
    const groups = numberOf(node, 'group', 1);
    return { axis: 1, input: ifm[1]!, output: outputShape[1]!, groups, outputShape, sums };
  }
  const axis = outputShape.length - 1;
  const common = { axis, groups: 1, outputShape, sums };
  if (node.op.endsWith('Gemm'))
    return { ...common, input: ifm[numberOf(node, 'transA', 0) ? 0 : 1]!, output: outputShape[1]! };
  return { ...common, input: ifm.at(-1)!, output: filters.length > 1 ? outputShape[axis]! : 1 };
}

/** The depth of the layer that a run begins with, behind what it dequantises. */
export function headDepth({ graph, nodes }: Run): LayerDepth | undefined {
  return layerDepth(graph, unitsOf(graph).of(nodes[0]!).core);
}

/**
 * How many units the input channels of a layer can be cut into that a run ends in: its channels, or, where a Flatten before it makes many
 * inputs of one channel of the feature map that the run reads, the channels of that feature map. 0 where there is no such layer.
 */
export function inputUnits({ graph, nodes }: Run): number {
  const { core } = unitsOf(graph).of(nodes.at(-1)!);
  const layer = layerDepth(graph, core);
  const first = nodes.find(({ inputs: [name = ''] }) => !graph.initializers.has(name)) ?? core;
  const [from, ifm] = [first, core].map(({ inputs: [name = ''] }) => graph.types.get(name)?.shape);
  if (first === core || !from || !ifm || String(from) === String(ifm)) return layer?.input ?? 0;
  return from[1] ?? 0;
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
    const shared = sharedTensor(run, walk, (trial[1] - trial[0]) / units, cut.local ?? false);
    if (shared) return `a part of the channels needs more than the same part of ${shared}`;
  }
  return undefined;
}

/** The tensor nearest to the goals of which more is needed than `share`. */
function sharedTensor(run: Run, walk: Walk, share: number, local: boolean): string | undefined {
  const free = freeTensors(run, local);
  for (const [tensor, region] of walk.needed) {
    const size = sizeOf(knownTypeOf(run.graph.types, tensor).shape);
    if (size === 1 || free.has(tensor)) continue;
    if ((local || walk.made.has(tensor)) && regionSize(region) > share * size + 1e-6) return tensor;
  }
  return undefined;
}

/**
 * What several shards may make again, because it takes next to nothing: dequantised constants, and, where the run reads its input
 * whole, its dequantised form.
 */
function freeTensors({ graph, nodes }: Run, local: boolean): Set<string> {
  const { core, nodes: first } = unitsOf(graph).of(nodes[0]!);
  const before = local ? [] : first.slice(0, first.indexOf(core));
  const constant = nodes.filter((node) => dequantizesConstants(graph, node));
  return new Set([...before, ...constant].flatMap(writesOf));
}
