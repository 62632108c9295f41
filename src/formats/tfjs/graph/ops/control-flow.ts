import { DATA_TYPE } from '../../../../graph/data-types.ts';
import { int } from '../builder.ts';
import { type Operation, type TranslationFamily, Untranslatable } from '../operation.ts';

/** Of one loop. */
const MAX_ITERATIONS = 10_000;

/** Undefined where only a run can tell. */
function truthOf(operation: Operation, tensor: string): boolean | undefined {
  const value = operation.builder.value(tensor);
  return value?.size === 1 ? Number(value.data[0]) !== 0 : undefined;
}

/** The branch whose condition is known; else both, as nothing in a model has an effect, and the condition picks elements. */
function branches(operation: Operation): string[] {
  const [condition, ...given] = operation.inputs;
  if (condition === undefined) throw new Untranslatable('has no condition');
  const known = truthOf(operation, condition);
  if (known !== undefined) return operation.call(known ? 'then_branch' : 'else_branch', given);
  const { dtype, shape } = operation.typeOf(condition);
  if (shape.some((extent) => extent !== 1))
    throw new Untranslatable(`has a condition of the shape [${shape}]`);
  const truth =
    dtype === 'bool' ? condition : operation.add('Cast', [condition], { to: int(DATA_TYPE.bool) });
  const scalar = shape.length === 0 ? truth : operation.reshape(truth, []);
  const [taken, other] = ['then_branch', 'else_branch'].map((branch) => operation.call(branch, given));
  return taken!.map((tensor, at) => {
    const [a, b] = [operation.typeOf(tensor), operation.typeOf(other![at]!)];
    if (a.dtype !== b.dtype || String(a.shape) !== String(b.shape))
      throw new Untranslatable('has branches of unlike shapes, and only a run can tell which one it takes');
    return operation.add('Where', [scalar, tensor, other![at]!]);
  });
}

/** A loop whose end is known before a run, because it counts: its body as often as it runs. */
function unrolled(operation: Operation): string[] {
  let values = [...operation.inputs];
  for (let iteration = 0; ; iteration += 1) {
    const [condition] = operation.call('cond', values);
    const goesOn = condition === undefined ? undefined : truthOf(operation, condition);
    if (goesOn === undefined) throw new Untranslatable('is a loop whose end only a run can tell');
    if (!goesOn) return values;
    if (iteration === MAX_ITERATIONS)
      throw new Untranslatable(`is a loop of more than ${MAX_ITERATIONS} turns`);
    values = operation.call('body', values);
  }
}

const called = (operation: Operation): string[] => operation.call('f', operation.inputs);

/** TensorFlow's second kind of control flow, which calls functions; the first kind (Enter, Merge, Switch) is refused. */
export const CONTROL_FLOW: TranslationFamily = {
  If: branches,
  StatelessIf: branches,
  While: unrolled,
  StatelessWhile: unrolled,
  PartitionedCall: called,
  StatefulPartitionedCall: called,
};
