import { numberOf } from '../graph/attributes.ts';
import { consumersOf, type Graph, type Node, readsOf } from '../graph/graph.ts';
import { axisRegion, type Range, type Region, type Shape, sameRegion } from '../tensor/region.ts';
import { partOf } from './rules/index.ts';

/** Where the depth of a layer lies: the axis of its output, and how many channels go in and come out. */
export interface LayerDepth {
  readonly axis: number;
  /** c: channels of the IFM that can be summed apart. */
  readonly input: number;
  /** f: channels of the OFM. */
  readonly output: number;
  readonly outputShape: Shape;
}

/** The depth of a Conv, Gemm or MatMul over float32 tensors of known shape; undefined for any other node. */
export function layerDepth(graph: Graph, node: Node): LayerDepth | undefined {
  if (node.domain !== '' || !['Conv', 'Gemm', 'MatMul'].includes(node.op)) return undefined;
  const types = [...readsOf(node), node.outputs[0]!].map((name) => graph.types.get(name));
  if (types.some((type) => type?.dtype !== 'float32')) return undefined;
  const [ifm, filters] = [types[0]!.shape, types[1]!.shape];
  const outputShape = types.at(-1)!.shape;
  if (outputShape.includes(0) || ifm.includes(0)) return undefined;
  if (node.op === 'Conv') return { axis: 1, input: ifm[1]!, output: filters[0]!, outputShape };
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

/** The region of a tensor whose depth is a whole multiple of the layer's, under a range of the layer's channels. */
export function depthRegion(shape: Shape, axis: number, channels: number, [start, end]: Range): Region {
  const factor = shape[axis]! / channels;
  return axisRegion(shape, axis, [start * factor, end * factor]);
}

/**
 * The channel-local nodes that may ride along behind a layer cut by output depth: each reads nothing alive but the
 * output of the one before, nobody else reads that, and a channel of it needs that same channel only (bias,
 * BatchNormalization, activations, pooling, depthwise convolutions, Flatten).
 */
export function followersOf(graph: Graph, head: Node, consumers = consumersOf(graph.nodes)): Node[] {
  const depth = layerDepth(graph, head);
  const followers: Node[] = [];
  let tensor = head.outputs[0]!;
  while (depth && !graph.outputs.includes(tensor)) {
    const readers = consumers.get(tensor) ?? [];
    const next = readers.length === 1 ? readers[0] : undefined;
    if (!next || !ridesAlong(graph, next, tensor, depth)) break;
    followers.push(next);
    tensor = next.outputs[0]!;
  }
  return followers;
}

/** Asks the node's own rule for the first and the last channel: it must want nothing but that channel. */
function ridesAlong(graph: Graph, node: Node, tensor: string, { axis, output }: LayerDepth): boolean {
  const live = readsOf(node).filter((name) => !graph.initializers.has(name));
  const type = graph.types.get(node.outputs[0] ?? '');
  const known = readsOf(node).every((name) => graph.types.has(name));
  if (live.length !== 1 || !type || !known || type.shape.length <= axis || type.shape[axis]! % output !== 0)
    return false;
  if (type.shape.includes(0)) return false;
  const at = node.inputs.indexOf(tensor);
  const source = graph.types.get(tensor)!.shape;
  return [0, output - 1].every((channel) => {
    const range: Range = [channel, channel + 1];
    const wanted = partOf({ graph, node, region: depthRegion(type.shape, axis, output, range) })?.inputs[at];
    return wanted !== undefined && sameRegion(wanted, depthRegion(source, axis, output, range));
  });
}
