import { numberOf, numbersOf, stringOf } from '../../../graph/attributes.ts';
import { DATA_TYPE } from '../../../graph/data-types.ts';
import type { Node } from '../../../graph/graph.ts';
import { Tensor } from '../../../tensor/tensor.ts';
import { oldBroadcasting, oldSlope } from './old-broadcasting.ts';
import { constantNode, ints, type Rewriting, withAttributes, without } from './rewriting.ts';

const drop =
  (...names: readonly string[]): Rewriting =>
  ({ node }) => [without(node, ...names)];

/** An attribute that had this value where it was left out. */
const byDefault =
  (defaults: Node['attributes']): Rewriting =>
  ({ node }) => [{ ...node, attributes: { ...defaults, ...node.attributes } }];

function int64s(values: readonly number[]): Tensor {
  return Tensor.of('int64', [values.length], BigInt64Array.from(values, BigInt));
}

/** Without `is_test` it was in training mode, too, but files that were meant for inference do not always have it. */
const oldBatchNormalization: Rewriting = (view) => {
  if (numberOf(view.node, 'is_test', 1) === 0) {
    throw view.refuse('is_test = 0 normalises by the picture itself, as in training');
  }
  return [without(view.node, 'is_test')];
};

const oldCast: Rewriting = (view) => {
  const name = stringOf(view.node, 'to', '').toLowerCase();
  const dtype = { float: 'float32', double: 'float64' }[name] ?? name;
  if (!Object.hasOwn(DATA_TYPE, dtype)) throw view.refuse(`there is no element type ${name}`);
  const value = DATA_TYPE[dtype as keyof typeof DATA_TYPE];
  return [withAttributes(view.node, { to: { type: 'int', value } })];
};

const oldPad: Rewriting = ({ node }) => {
  const paddings = numbersOf(node, 'paddings');
  return [paddings ? withAttributes(without(node, 'paddings'), { pads: ints(paddings) }) : node];
};

const oldReshape: Rewriting = (view) => {
  const shape = numbersOf(view.node, 'shape');
  if (!shape?.every(Number.isSafeInteger)) throw view.refuse('it names no shape');
  const constant = constantNode(view, 'shape', int64s(shape));
  const inputs = [view.node.inputs[0] ?? '', ...constant.outputs];
  return [constant, { ...without(view.node, 'shape'), inputs }];
};

/** The sizes of the parts could be an input. */
const oldSplit: Rewriting = (view) => {
  const [input = '', sizes = ''] = view.node.inputs;
  if (sizes === '') return [view.node];
  const values = view.constant(1);
  if (!values) throw view.refuse('the sizes of its parts are known only in a run');
  const split = ints(Array.from(values.data as ArrayLike<number>, Number));
  return [withAttributes({ ...view.node, inputs: [input] }, { split })];
};

/** One axis was repeated, named by the third input. */
const oldTile: Rewriting = (view) => {
  const [times, axis] = [view.constant(1), view.constant(2)].map((tensor) => Number(tensor?.data[0]));
  const rank = view.type(0)?.shape.length ?? 0;
  if (!Number.isSafeInteger(times) || !(axis! >= 0 && axis! < rank)) {
    throw view.refuse('what it repeats is known only in a run');
  }
  const repeats = constantNode(view, 'repeats', int64s(new Array<number>(rank).fill(1).with(axis!, times!)));
  return [repeats, { ...view.node, inputs: [view.node.inputs[0] ?? '', ...repeats.outputs] }];
};

const oldUpsample: Rewriting = ({ node }) => {
  const value = [1, 1, numberOf(node, 'height_scale', 1), numberOf(node, 'width_scale', 1)];
  const mode = stringOf(node, 'mode', 'nearest').replace('bilinear', 'linear');
  const plain = without(node, 'height_scale', 'width_scale');
  return [
    withAttributes(plain, { scales: { type: 'floats', value }, mode: { type: 'string', value: mode } }),
  ];
};

/** The order of the norm was a float. */
const oldNorm: Rewriting = (view) => {
  const value = numberOf(view.node, 'p', 2);
  if (!Number.isInteger(value)) throw view.refuse(`there is no norm of the order ${value}`);
  return [withAttributes(view.node, { p: { type: 'int', value } })];
};

const all = (names: readonly string[], below: number, rewriting: Rewriting) =>
  names.map((op) => ({ op, below, rewriting }));

/** How nodes of operator sets before `below` are written in version 7, the oldest that onnxruntime has all kernels of. */
export const OLD_OPERATORS: readonly { op: string; below: number; rewriting: Rewriting }[] = [
  ...all(['Add', 'Sub', 'Mul', 'Div', 'Pow'], 7, oldBroadcasting),
  ...all(['And', 'Or', 'Xor', 'Equal', 'Greater', 'Less'], 7, oldBroadcasting),
  ...all(['LSTM', 'GRU', 'RNN'], 7, drop('output_sequence')),
  ...all(['LpPool', 'GlobalLpPool'], 2, oldNorm),
  { op: 'BatchNormalization', below: 7, rewriting: oldBatchNormalization },
  { op: 'Cast', below: 6, rewriting: oldCast },
  { op: 'Concat', below: 4, rewriting: byDefault({ axis: { type: 'int', value: 1 } }) },
  { op: 'Dropout', below: 7, rewriting: drop('is_test') },
  { op: 'Gemm', below: 7, rewriting: drop('broadcast') },
  { op: 'PRelu', below: 7, rewriting: oldSlope },
  { op: 'Pad', below: 2, rewriting: oldPad },
  { op: 'Reshape', below: 5, rewriting: oldReshape },
  {
    op: 'Selu',
    below: 6,
    rewriting: byDefault({
      alpha: { type: 'float', value: 1.6732 },
      gamma: { type: 'float', value: 1.0507 },
    }),
  },
  { op: 'Split', below: 2, rewriting: oldSplit },
  { op: 'Tile', below: 6, rewriting: oldTile },
  { op: 'Upsample', below: 7, rewriting: oldUpsample },
];
