import { create, toBinary } from '@bufbuild/protobuf';
import { encodeTensor } from '../../src/formats/onnx/index.ts';
import { GraphProtoSchema } from '../../src/formats/onnx/onnx_pb.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { ints } from './graphs.ts';
import { model, node, value } from './onnx-model.ts';
import { numbers } from './operators.ts';

export type Nodes = ReturnType<typeof node>[];

export const scalar = (of: number) => Tensor.of('int64', [], BigInt64Array.of(BigInt(of)));

/** A subgraph without inputs, whose output has no declared shape. */
export function branch(nodes: Nodes, output: string, constants: Record<string, Tensor> = {}) {
  const initializer = Object.entries(constants).map(([name, tensor]) => encodeTensor(name, tensor));
  const graph = { name: 'branch', node: nodes, output: [{ name: output }], initializer };
  return { type: 5, g: toBinary(GraphProtoSchema, create(GraphProtoSchema, graph)) };
}

export function choice(
  condition: string,
  yes: ReturnType<typeof branch>,
  no: ReturnType<typeof branch>,
  to: string,
) {
  return node('If', [condition], [to], { then_branch: yes, else_branch: no });
}

export const int = (i: number) => ({ type: 2, i: BigInt(i) });

/** What a TorchScript export writes for "is it batched?": rank is decided by one If, and another has a branch for each. */
export function rankDecided(length: number | string): Uint8Array {
  const lstm = (input: string, to: string) =>
    node('LSTM', [input, 'weights', 'recurrence'], [to], { hidden_size: int(4) });
  const squeeze = branch([node('Squeeze', ['y', 'last'], ['s1'])], 's1');
  const keep = branch([node('Identity', ['y'], ['s2'])], 's2');
  const flat = branch([node('Unsqueeze', ['q', 'front'], ['u']), lstm('u', 'l1')], 'l1');
  const deep = branch([lstm('q', 'l2')], 'l2');
  const constants: Record<string, Tensor> = {
    ...{ last: ints(-1), front: ints(0), one: scalar(1), two: scalar(2) },
    ...{ weights: numbers([1, 16, 3], 2), recurrence: numbers([1, 16, 4], 3), kernel: numbers([3, 1, 3], 4) },
  };
  return model(
    {
      node: [
        node('Conv', ['x', 'kernel'], ['c']),
        node('Relu', ['c'], ['y']),
        node('Shape', ['y'], ['shape']),
        node('Gather', ['shape', 'two'], ['width']),
        node('Equal', ['width', 'one'], ['single']),
        choice('single', squeeze, keep, 'q'),
        node('Shape', ['q'], ['shapeOfQ']),
        node('Size', ['shapeOfQ'], ['rank']),
        node('Equal', ['rank', 'two'], ['isFlat']),
        choice('isFlat', flat, deep, 'out'),
      ],
      input: [value('x', [1, 1, length])],
      output: [{ name: 'out' }],
      initializer: Object.entries(constants).map(([name, tensor]) => encodeTensor(name, tensor)),
    },
    16,
  );
}
