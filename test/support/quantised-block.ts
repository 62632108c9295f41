import type { Graph } from '../../src/graph/graph.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { integers, type Quantised, QuantisedBuilder } from './quantised.ts';

interface FeatureMap {
  readonly name: string;
  readonly step: readonly [string, string];
}

/**
 * A block of three branches over a quantised feature map `x` of 4 x 9 x 7, whose results have steps of their own and are joined in the steps of
 * the block, with an odd zero point; as QDQ or as QLinear operators.
 */
export function quantisedBlock(format: 'qdq' | 'qlinear', type: Quantised): Graph {
  const model = new QuantisedBuilder();
  const stepOf = (scale: number, zero: number): [string, string] => [
    model.scalar(scale),
    model.zero(type, zero + (type === 'uint8' ? 120 : 0)),
  ];
  const again = ({ name, step }: FeatureMap) => model.node('DequantizeLinear', [name, ...step]);
  const conv = (x: FeatureMap, shape: readonly number[], scale: number): FeatureMap => {
    const made = stepOf(scale, 3);
    const pads = new Array<number>(4).fill((shape[2]! - 1) / 2);
    const w = model.constant(integers('int8', shape, (at) => ((at * 37) % 161) - 80));
    const scales = Float32Array.from({ length: shape[0]! }, (_, at) => 0.004 + at / 900);
    const filters = [
      w,
      model.constant(Tensor.float32([shape[0]!], scales)),
      model.constant(integers('int8', [shape[0]!], () => 0)),
    ];
    if (format === 'qlinear') {
      const name = model.node('QLinearConv', [x.name, ...x.step, ...filters, ...made], { pads });
      return { name, step: made };
    }
    const operands = [again(x), model.node('DequantizeLinear', filters, { axis: 0 })];
    const sum = model.node('Conv', operands, { pads });
    return { name: model.node('QuantizeLinear', [sum, ...made]), step: made };
  };
  const x: FeatureMap = { name: 'x', step: stepOf(0.021, -1) };
  const parts = [
    conv(x, [3, 4, 1, 1], 0.031),
    conv(conv(x, [2, 4, 1, 1], 0.027), [5, 2, 3, 3], 0.017),
    conv(x, [4, 4, 3, 3], 0.083),
  ];
  const made = stepOf(0.047, 5);
  const output =
    format === 'qlinear'
      ? model.microsoft('QLinearConcat', [...made, ...parts.flatMap(({ name, step }) => [name, ...step])], {
          axis: 1,
        })
      : model.node('QuantizeLinear', [model.node('Concat', parts.map(again), { axis: 1 }), ...made]);
  const shape = [1, 4, 9, 7];
  return { ...model.graph(shape, output), types: new Map([['x', { dtype: type, shape }]]) };
}
