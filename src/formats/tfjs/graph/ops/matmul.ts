import { int } from '../builder.ts';
import { type Operation, type TranslationFamily, Untranslatable } from '../operation.ts';
import { fusedTail } from './activations.ts';

function dense(operation: Operation): string[] {
  const { attributes } = operation;
  const [a, b] = [operation.input(0), operation.input(1)];
  if (operation.shapeOf(a).length !== 2 || operation.shapeOf(b).length !== 2) {
    throw new Untranslatable('multiplies what is no matrix');
  }
  const [first, ...more] = attributes.texts('fused_ops');
  const biased = first === 'BiasAdd';
  const flags = {
    transA: int(attributes.flag('transpose_a') ? 1 : 0),
    transB: int(attributes.flag('transpose_b') ? 1 : 0),
  };
  if (operation.typeOf(a).dtype !== 'float32') {
    if (first !== undefined) throw new Untranslatable('fuses an activation or a bias with integers');
    return integerProduct(operation, a, b);
  }
  const made = operation.add('Gemm', [a, b, ...(biased ? [operation.input(2)] : [])], flags);
  const activations = biased || first === undefined ? more : [first, ...more];
  return [fusedTail(operation, made, activations, biased ? 1 : 0)];
}

/** onnxruntime has a Gemm of floating-point numbers only, and a MatMul of int32, too. */
function integerProduct(operation: Operation, a: string, b: string): string[] {
  const turned = (tensor: string, flag: string) =>
    operation.attributes.flag(flag) ? operation.transpose(tensor, [1, 0]) : tensor;
  return [operation.add('MatMul', [turned(a, 'transpose_a'), turned(b, 'transpose_b')])];
}

function batched(operation: Operation): string[] {
  const [a, b] = [0, 1].map((at) => {
    const x = operation.input(at);
    const flag = at === 0 ? 'adj_x' : 'adj_y';
    if (!operation.attributes.flag(flag)) return x;
    const axes = operation.shapeOf(x).map((_, axis) => axis);
    return operation.transpose(x, [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!]);
  });
  return [operation.add('MatMul', [a!, b!])];
}

export const MATMUL: TranslationFamily = {
  MatMul: dense,
  _FusedMatMul: dense,
  BatchMatMul: batched,
  BatchMatMulV2: batched,
};
