import { numberOf } from '../../../graph/attributes.ts';
import { sizeOf } from '../../../tensor/region.ts';
import type { TensorId } from '../program.ts';
import { type NodeView, need, output, type Rule, type Rules } from './rule.ts';
import { needFloat, type Value } from './value.ts';

function product(
  { emit }: NodeView,
  a: TensorId,
  b: TensorId,
  transposeA = false,
  transposeB = false,
): TensorId {
  return emit.emit('BatchMatMul', { a, b }, { transposeA, transposeB });
}

function scaled({ emit }: NodeView, x: TensorId, factor: number): TensorId {
  return factor === 1 ? x : emit.emit('Multiply', { a: x, b: emit.scalar(factor) });
}

/** alpha A B + beta C, with A and B perhaps transposed. */
const gemm: Rule = (view) => {
  const { emit, node } = view;
  const [a, b] = [need(view, 0), need(view, 1)];
  const c = view.inputs[2];
  needFloat(a, b, ...(c ? [c] : []));
  const flag = (name: string) => numberOf(node, name, 0) !== 0;
  const square = (id: TensorId, shape: readonly number[]) => emit.reshape(id, [1, ...shape]);
  const left = square(emit.first(a), a.type.shape);
  const right = square(emit.first(b), b.type.shape);
  const cube = product(view, left, right, flag('transA'), flag('transB'));
  const whole = scaled(view, emit.reshape(cube, view.outputs[0]!.shape), numberOf(node, 'alpha', 1));
  if (!c) return [output(view, whole)];
  const beta = numberOf(node, 'beta', 1);
  return [output(view, emit.emit('Add', { a: whole, b: scaled(view, emit.first(c), beta) }))];
};

/** One matrix for each of the output's, where neither factor has just one for all. */
function repeated(
  { emit }: NodeView,
  x: TensorId,
  shape: readonly number[],
  batch: readonly number[],
): TensorId {
  const reps = [...batch.map((extent, axis) => extent / shape[axis]!), 1, 1];
  return reps.every((times) => times === 1) ? x : emit.emit('Tile', { x }, { reps });
}

/** As numpy has it: a vector is a row on the left and a column on the right. */
const matmul: Rule = (view) => {
  const { emit } = view;
  const [a, b] = [need(view, 0), need(view, 1)];
  needFloat(a, b);
  const shapeA = a.type.shape.length === 1 ? [1, ...a.type.shape] : [...a.type.shape];
  const shapeB = b.type.shape.length === 1 ? [...b.type.shape, 1] : [...b.type.shape];
  const rank = Math.max(shapeA.length, shapeB.length);
  const grown = (shape: readonly number[]) => [...new Array<number>(rank - shape.length).fill(1), ...shape];
  const [left, right] = [grown(shapeA), grown(shapeB)];
  const batch = left.slice(0, -2).map((extent, axis) => Math.max(extent, right[axis]!));
  const all = sizeOf(batch);
  // the kernels repeat a single matrix themselves
  const factor = (value: Value, shape: number[]) => {
    const own = sizeOf(shape.slice(0, -2));
    const x = emit.reshape(emit.first(value), shape);
    const whole = own === 1 || own === all ? x : repeated(view, x, shape, batch);
    return emit.reshape(whole, [own === 1 ? 1 : all, ...shape.slice(-2)]);
  };
  const id = product(view, factor(a, left), factor(b, right));
  return [output(view, emit.reshape(id, view.outputs[0]!.shape))];
};

export const MATMUL: Rules = { Gemm: gemm, MatMul: matmul };
