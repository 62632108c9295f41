import { lazily } from '../../tensor/lazy.ts';
import { sizeOf } from '../../tensor/region.ts';
import { isFloat32, type Tensor } from '../../tensor/tensor.ts';
import { numberOf } from '../attributes.ts';
import { consumersOf, type Graph, type Node } from '../graph.ts';
import { opsetOf } from '../operators/index.ts';
import type { Pass } from './pass.ts';

/**
 * BatchNormalization after a Conv becomes part of its filters:
 *
 *     y = scale (conv(x) + b - mean) / sqrt(variance + epsilon) + shift
 *       = conv'(x) + b'     with filters' = s filters,  b' = s (b - mean) + shift,  s = scale / sqrt(variance + epsilon)
 *
 * once per output channel. Rounding changes by that of one product. Only where nothing else reads the Conv's output.
 */
export const foldBatchNorm: Pass = {
  name: 'fold-batch-norm',
  run(graph: Graph): Graph {
    const initializers = new Map(graph.initializers);
    const types = new Map(graph.types);
    const outputs = new Set(graph.outputs);
    const readers = consumersOf(graph.nodes);
    const replaced = new Map<Node, Node>();
    const dropped = new Set<Node>();
    for (const conv of graph.nodes) {
      const [made = ''] = conv.outputs;
      const [norm, ...others] = readers.get(made) ?? [];
      if (!norm || others.length > 0 || outputs.has(made)) continue;
      const parts = foldable(graph, conv, norm);
      if (!parts) continue;
      const filters = freeName(`${conv.name}.folded.filters`, types);
      const bias = freeName(`${conv.name}.folded.bias`, types);
      for (const [name, tensor] of [
        [filters, scaledFilters(parts)],
        [bias, foldedBias(parts)],
      ] as const) {
        initializers.set(name, tensor);
        types.set(name, { dtype: tensor.dtype, shape: tensor.shape });
      }
      replaced.set(conv, { ...conv, inputs: [conv.inputs[0]!, filters, bias], outputs: [norm.outputs[0]!] });
      dropped.add(norm);
    }
    if (dropped.size === 0) return graph;
    const nodes = graph.nodes.flatMap((node) => (dropped.has(node) ? [] : [replaced.get(node) ?? node]));
    return { ...graph, nodes, initializers, types };
  },
};

type Filters = Tensor<'float32'>;

interface Parts {
  readonly filters: Filters;
  readonly bias: Filters | undefined;
  readonly scale: Filters;
  readonly shift: Filters;
  readonly mean: Filters;
  readonly variance: Filters;
  readonly epsilon: number;
}

/** Undefined where the two nodes are not a Conv and a BatchNormalization of constant float32 parameters. */
function foldable(graph: Graph, conv: Node, norm: Node): Parts | undefined {
  const standard = conv.domain === '' && norm.domain === '';
  if (!standard || conv.op !== 'Conv' || norm.op !== 'BatchNormalization') return undefined;
  if (norm.inputs[0] !== conv.outputs[0] || norm.outputs.slice(1).some((name) => name !== ''))
    return undefined;
  if (numberOf(norm, 'training_mode', 0) !== 0) return undefined;
  // Until operator set 9, `spatial` = 0 had parameters per activation.
  if (opsetOf(graph) < 9 && numberOf(norm, 'spatial', 1) === 0) return undefined;
  const [filters, scale, shift, mean, variance] = [conv.inputs[1], ...norm.inputs.slice(1)].map((name) =>
    constant(graph, name),
  );
  const biased = (conv.inputs[2] ?? '') !== '';
  const bias = constant(graph, conv.inputs[2]);
  if (!filters || !scale || !shift || !mean || !variance || (biased && !bias)) return undefined;
  const channels = filters.shape[0]!;
  if ([scale, shift, mean, variance].some((parameter) => parameter.size !== channels)) return undefined;
  return { filters, bias, scale, shift, mean, variance, epsilon: numberOf(norm, 'epsilon', 1e-5) };
}

function constant(graph: Graph, name: string | undefined): Filters | undefined {
  const tensor = graph.initializers.get(name ?? '');
  return tensor && isFloat32(tensor) ? tensor : undefined;
}

/** s, per output channel. */
function factors({ scale, variance, epsilon }: Parts): Float64Array {
  const scales = scale.data;
  const variances = variance.data;
  return Float64Array.from(scales, (value, channel) => value / Math.sqrt(variances[channel]! + epsilon));
}

function scaledFilters(parts: Parts): Filters {
  const { shape } = parts.filters;
  return lazily('float32', shape, () => {
    const source = parts.filters.data;
    const scaled = new Float32Array(source.length);
    const perChannel = sizeOf(shape.slice(1));
    factors(parts).forEach((factor, channel) => {
      const end = (channel + 1) * perChannel;
      for (let i = channel * perChannel; i < end; i += 1) scaled[i] = source[i]! * factor;
    });
    return scaled;
  });
}

function foldedBias(parts: Parts): Filters {
  return lazily('float32', parts.scale.shape, () => {
    const bias = parts.bias?.data;
    const mean = parts.mean.data;
    const shift = parts.shift.data;
    return Float32Array.from(
      factors(parts),
      (factor, channel) => factor * ((bias?.[channel] ?? 0) - mean[channel]!) + shift[channel]!,
    );
  });
}

function freeName(wanted: string, taken: ReadonlyMap<string, unknown>): string {
  let name = wanted;
  while (taken.has(name)) name += '_';
  return name;
}
