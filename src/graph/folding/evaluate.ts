import { toInt64 } from '../../tensor/int64.ts';
import { lazily } from '../../tensor/lazy.ts';
import { sizeOf } from '../../tensor/region.ts';
import { Tensor, type TensorType } from '../../tensor/tensor.ts';
import { axisOf, numberOf, numbersOf } from '../attributes.ts';
import { castTarget, constantNumbers, rangeOf, shapeValues } from '../operators/constants.ts';
import { cutsOf } from '../operators/slicing.ts';
import type { OperatorContext } from '../operators/spec.ts';
import { combine } from './arithmetic.ts';
import { COMPARISONS, chosen, compared, each, spread } from './choice.ts';
import { converted, filled } from './elements.ts';
import { concatenated, gathered, sliced, transposed } from './movement.ts';
import { quantizedConstant } from './quantized.ts';

/** Elements up to which a value is computed at once: those of the numbers that shapes are made of. */
export const SMALL = 4096;

/** `output` is the inferred type of the only output. Undefined where the inputs are not known. */
type Evaluator = (context: OperatorContext, output: TensorType) => Tensor | undefined;

/** The same elements under the output's shape, whatever their number: no data is touched. */
const reshaped: Evaluator = (context, output) => context.constant(0)?.reshaped(output.shape);

function arithmetic(operation: Parameters<typeof combine>[0]): Evaluator {
  return (context, output) => {
    const a = context.constant(0);
    const b = context.constant(1);
    if (context.inputs.length !== 2) return undefined;
    if (!a || !b || Math.max(a.size, b.size, sizeOf(output.shape)) > SMALL) return undefined;
    return combine(operation, a, b, output.shape);
  };
}

/** Two small inputs that broadcast to the output. */
function small(context: OperatorContext, output: TensorType, count: number): Tensor[] | undefined {
  const inputs = Array.from({ length: count }, (_, at) => context.constant(at));
  if (sizeOf(output.shape) > SMALL) return undefined;
  return inputs.every((input) => input && input.size <= SMALL) ? (inputs as Tensor[]) : undefined;
}

const comparisons = Object.entries(COMPARISONS).map(([name, compare]): [string, Evaluator] => [
  name,
  (context, output) => {
    const [a, b] = small(context, output, 2) ?? [];
    return a && b && compared(compare, a, b, output.shape);
  },
]);

const roundings = (['Floor', 'Ceil', 'Sqrt', 'Neg', 'Abs'] as const).map((name): [string, Evaluator] => [
  name,
  (context, output) => {
    const [source] = small(context, output, 1) ?? [];
    return source && each(name, source);
  },
]);

function where(context: OperatorContext, output: TensorType): Tensor | undefined {
  const [condition, yes, no] = small(context, output, 3) ?? [];
  return condition && yes && no && chosen(condition, yes, no, output.shape);
}

function expand(context: OperatorContext, output: TensorType): Tensor | undefined {
  const [source] = small(context, output, 1) ?? [];
  return source && spread(source, output.shape);
}

function range(context: OperatorContext, { dtype }: TensorType): Tensor | undefined {
  const found = rangeOf(context);
  if (!found || found.count > SMALL || dtype !== 'int64') return undefined;
  return integers(Array.from({ length: found.count }, (_, at) => found.start + at * found.delta));
}

/** The product of all elements, or the sum: how exporters count them. */
function reduceAll(operation: 'Add' | 'Mul'): Evaluator {
  return (context, output) => {
    const [source] = small(context, output, 1) ?? [];
    if (source?.dtype !== 'int64' || sizeOf(output.shape) !== 1 || context.constant(1)) return undefined;
    const start = operation === 'Mul' ? 1n : 0n;
    const data = source.data as BigInt64Array;
    const whole = data.reduce((all, value) => (operation === 'Mul' ? all * value : all + value), start);
    return Tensor.of('int64', output.shape, BigInt64Array.of(whole));
  };
}

const EVALUATORS: ReadonlyMap<string, Evaluator> = new Map<string, Evaluator>([
  ['Identity', reshaped],
  ['Reshape', reshaped],
  ['Flatten', reshaped],
  ['Squeeze', reshaped],
  ['Unsqueeze', reshaped],
  ['Constant', constant],
  ['ConstantOfShape', constantOfShape],
  ['Shape', (context) => integers(shapeValues(context))],
  ['Cast', cast],
  ['Transpose', transpose],
  ['Slice', slice],
  ['Concat', concat],
  ['Gather', gather],
  ['Add', arithmetic('Add')],
  ['Sub', arithmetic('Sub')],
  ['Mul', arithmetic('Mul')],
  ['Div', arithmetic('Div')],
  ['Min', arithmetic('Min')],
  ['Max', arithmetic('Max')],
  ...comparisons,
  ...roundings,
  ['Where', where],
  ['Expand', expand],
  ['Range', range],
  ['ReduceProd', reduceAll('Mul')],
  ['ReduceSum', reduceAll('Add')],
  ['QuantizeLinear', quantizedConstant],
]);

/**
 * The value of a node whose inputs are all constant (or, for Shape, have a known shape). Large results are deferred:
 * nothing is computed before somebody reads them.
 */
export function evaluate(context: OperatorContext, output: TensorType): Tensor | undefined {
  const { node } = context;
  if (node.domain !== '' || node.outputs.length !== 1) return undefined;
  return EVALUATORS.get(node.op)?.(context, output);
}

function integers(values: readonly number[]): Tensor<'int64'> {
  return Tensor.of('int64', [values.length], BigInt64Array.from(values, toInt64));
}

function constant({ node }: OperatorContext): Tensor | undefined {
  const { value } = node.attributes;
  if (value?.type === 'tensor') return value.value;
  const numbers = constantNumbers(node);
  if (!numbers) return undefined;
  const { dtype, shape, values } = numbers;
  return dtype === 'int64' ? integers(values).reshaped(shape) : Tensor.float32(shape, values);
}

function constantOfShape({ node }: OperatorContext, output: TensorType): Tensor | undefined {
  const { value } = node.attributes;
  const { dtype, shape } = output;
  if (value?.type === 'tensor' && value.value.size !== 1) return undefined;
  const element = value?.type === 'tensor' ? value.value.data[0]! : 0;
  return lazily(dtype, shape, () => filled(dtype, sizeOf(shape), element));
}

function cast(context: OperatorContext): Tensor | undefined {
  const source = context.constant(0);
  const dtype = castTarget(context);
  if (!source || !dtype) return undefined;
  if (source.dtype === dtype) return source;
  return lazily(dtype, source.shape, () => converted(source.data, source.dtype, dtype));
}

function transpose(context: OperatorContext): Tensor | undefined {
  const source = context.constant(0);
  const order =
    numbersOf(context.node, 'perm') ?? source?.shape.map((_, axis) => source.shape.length - 1 - axis);
  return source && order && transposed(source, order);
}

function slice(context: OperatorContext): Tensor | undefined {
  const source = context.constant(0);
  // A small cut of a large constant would hold it all, and make it be computed.
  if (!source || source.size > SMALL) return undefined;
  const cuts = cutsOf(context, source.shape);
  return cuts && sliced(source, cuts);
}

function concat(context: OperatorContext, output: TensorType): Tensor | undefined {
  const parts = context.inputs.map((_, at) => context.constant(at));
  const axis = numberOf(context.node, 'axis', 1);
  if (!parts.every((part) => part?.dtype === output.dtype)) return undefined;
  return concatenated(parts as Tensor[], axisOf(axis, output.shape.length), output.shape);
}

function gather(context: OperatorContext, output: TensorType): Tensor | undefined {
  const source = context.constant(0);
  const indices = context.constant(1);
  const axis = numberOf(context.node, 'axis', 0);
  if (!source || !indices || Math.max(source.size, sizeOf(output.shape)) > SMALL) return undefined;
  return gathered(source, indices, axisOf(axis, source.shape.length), output.shape);
}
