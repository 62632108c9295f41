import { axisOf, numberOf } from '../../graph/attributes.ts';
import { roundedToEven } from '../../graph/folding/quantized.ts';
import type { Node } from '../../graph/graph.ts';
import { isFloat32, Tensor } from '../../tensor/tensor.ts';
import { dequantizationOf, isQuantised, type Surroundings } from './integer-kernel.ts';

/** Bias of this magnitude and an accumulator beside it would pass int32. */
const LARGEST = 2 ** 30;

/**
 * The float32 bias of a quantised Conv or Gemm as int32 in steps of input scale x filter scale, which are the steps of
 * the accumulator that it is added to: the integer kernel takes no other. Undefined where there is no such bias, or where
 * it does not fit, as behind filters of a tiny scale: then the layer is computed in float32, as the model says.
 */
export function quantizedBias(
  node: Node,
  around: Surroundings,
): { readonly values: Tensor<'int32'>; readonly scales: Tensor<'float32'> } | undefined {
  const { graph } = around;
  const bias = graph.initializers.get(node.inputs[2] ?? '');
  if ((node.op !== 'Conv' && node.op !== 'Gemm') || !bias || !isFloat32(bias) || bias.shape.length !== 1)
    return undefined;
  if (numberOf(node, 'alpha', 1) !== 1 || numberOf(node, 'beta', 1) !== 1 || !isQuantised(node, around))
    return undefined;
  const [input, filters] = [0, 1].map((at) => dequantizationOf(node.inputs[at]!, around));
  const inputScale = graph.initializers.get(input?.inputs[1] ?? '');
  const filterScale = graph.initializers.get(filters?.inputs[1] ?? '');
  if (!filters || !inputScale || !filterScale || inputScale.size !== 1) return undefined;
  if (!isFloat32(inputScale) || !isFloat32(filterScale)) return undefined;
  if (filterScale.size > 1 && !isPerFilter(node, filters, filterScale.size, bias.size, graph))
    return undefined;
  const scales = Float32Array.from(filterScale.data, (scale) => scale * inputScale.data[0]!);
  const values = Array.from(bias.data, (value, at) =>
    roundedToEven(Math.fround(value / scales[scales.length > 1 ? at : 0]!)),
  );
  if (!values.every((value) => Math.abs(value) <= LARGEST)) return undefined;
  return {
    values: Tensor.of('int32', bias.shape, Int32Array.from(values)),
    scales: Tensor.float32(scales.length > 1 ? bias.shape : [], scales),
  };
}

/** True where there is a scale for each filter. */
function isPerFilter(
  node: Node,
  filters: Node,
  scales: number,
  biases: number,
  { types }: Surroundings['graph'],
): boolean {
  const rank = types.get(filters.inputs[0]!)?.shape.length ?? 0;
  const wanted = node.op === 'Gemm' && numberOf(node, 'transB', 0) === 0 ? 1 : 0;
  return scales === biases && axisOf(numberOf(filters, 'axis', 1), rank) === wanted;
}
