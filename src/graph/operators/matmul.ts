import { sizeOf } from '../../tensor/region.ts';
import { numberOf } from '../attributes.ts';
import { broadcastShape } from './broadcast.ts';
import {
  hasInput,
  needInput,
  type OperatorContext,
  type OperatorFamily,
  shapeError,
  shapeText,
} from './spec.ts';

/** The inner extent K of both factors, and the outer ones, after transposition. */
function gemmExtents(context: OperatorContext): { m: number; n: number; k: number } {
  const { node } = context;
  const a = needInput(context, 0).shape;
  const b = needInput(context, 1).shape;
  const [m, k] = numberOf(node, 'transA', 0) === 0 ? a : [a[1], a[0]];
  const [inner, n] = numberOf(node, 'transB', 0) === 0 ? b : [b[1], b[0]];
  if (a.length !== 2 || b.length !== 2 || k !== inner) {
    throw shapeError(node, `${shapeText(a)} and ${shapeText(b)} cannot be multiplied`);
  }
  return { m: m!, n: n!, k: k! };
}

function inferGemm(context: OperatorContext) {
  const { m, n } = gemmExtents(context);
  const bias = hasInput(context, 2) ? context.inputs[2]?.shape : undefined;
  const shape = [m, n];
  if (bias && shapeText(broadcastShape(context, [shape, bias])) !== shapeText(shape)) {
    throw shapeError(context.node, `a bias of ${shapeText(bias)} does not fit ${shapeText(shape)}`);
  }
  return [{ dtype: needInput(context, 0).dtype, shape }];
}

/** As numpy has it: a vector is a row on the left and a column on the right, and its axis vanishes from the output. */
function inferMatMul(context: OperatorContext) {
  const { dtype, shape: a } = needInput(context, 0);
  const b = needInput(context, 1).shape;
  const fits = a.length > 0 && b.length > 0 && a.at(-1) === (b.length === 1 ? b[0] : b.at(-2));
  if (!fits) throw shapeError(context.node, `${shapeText(a)} and ${shapeText(b)} cannot be multiplied`);
  const batch = broadcastShape(context, [a.slice(0, -2), b.slice(0, -2)]);
  const rows = a.length === 1 ? [] : [a.at(-2)!];
  const columns = b.length === 1 ? [] : [b.at(-1)!];
  return [{ dtype, shape: [...batch, ...rows, ...columns] }];
}

export const MATMUL: OperatorFamily = {
  Gemm: {
    infer: inferGemm,
    macs(context) {
      const { m, n, k } = gemmExtents(context);
      return m * n * k;
    },
  },
  MatMul: {
    infer: inferMatMul,
    /** batch x M x N outputs of K products each. */
    macs: (context, output) => sizeOf(output.shape) * needInput(context, 0).shape.at(-1)!,
  },
};
