import { numberOf } from '../../../graph/attributes.ts';
import { consumersOf, type Graph, type Node, writesOf } from '../../../graph/graph.ts';
import { contextOf, walkTypes } from '../../../graph/infer.ts';
import { opsetOf } from '../../../graph/operators/index.ts';
import type { Tensor, TensorType } from '../../../tensor/tensor.ts';
import type { DeviceProgram, ProgramOutput, TensorId } from '../program.ts';
import { ACTIVATIONS } from './activations.ts';
import { COMPARING } from './comparing.ts';
import { CONVOLUTION } from './convolution.ts';
import { ELEMENTWISE } from './elementwise.ts';
import { Emitter, emptyValue } from './emitter.ts';
import { MATMUL } from './matmul.ts';
import { MOVEMENT } from './movement.ts';
import { NORMALIZATION } from './normalization.ts';
import { POOLING } from './pooling.ts';
import { QUANTIZATION } from './quantization.ts';
import { REDUCTION } from './reduction.ts';
import { REPEATING } from './repeating.ts';
import { RESIZE } from './resize.ts';
import type { NodeView, Rule } from './rule.ts';
import { STATISTICS } from './statistics.ts';
import { TRANSPOSED } from './transposed.ts';
import { Unsupported } from './unsupported.ts';
import type { Value } from './value.ts';

const RULES: ReadonlyMap<string, Rule> = new Map(
  [
    ...[CONVOLUTION, TRANSPOSED, MATMUL, POOLING, ELEMENTWISE, ACTIVATIONS, COMPARING, NORMALIZATION],
    ...[STATISTICS, REDUCTION, MOVEMENT, REPEATING, RESIZE, QUANTIZATION],
  ].flatMap((rules) => Object.entries(rules)),
);

/** Computed before the program runs, from shapes and constants. */
const FOLDED = new Set(['Constant', 'ConstantOfShape', 'Shape']);

/** Follows a convolution in the same kernel. */
type Activation = NodeView['activation'];

/** The graph as steps of TensorFlow.js. Throws Unsupported with the name of the node. */
export function lowered(graph: Graph): DeviceProgram {
  const { types, constants } = walkTypes(graph);
  const values = new Map<string, Value>();
  const emit = new Emitter();
  const consumers = consumersOf(graph.nodes);
  const fused = new Set<Node>();
  const opset = opsetOf(graph);
  graph.inputs.forEach((name, index) => {
    const type = types.get(name);
    if (type) values.set(name, emptyValue(type) ?? { type, input: index, forms: {} });
  });
  const heldAs = (name: string): Value | undefined => {
    if (name === '') return undefined;
    const known = values.get(name);
    if (known) return known;
    const constant = constants.get(name);
    if (!constant) return undefined;
    const { dtype, shape } = constant;
    const value: Value = { type: { dtype, shape }, constant, forms: {} };
    values.set(name, value);
    return value;
  };
  for (const node of graph.nodes) {
    const outputs = writesOf(node);
    if (fused.has(node) || outputs.every((name) => constants.has(name))) continue;
    const view = viewOf(node);
    const empty = view.outputs.map(emptyValue);
    const made = empty.every((value) => value) ? (empty as Value[]) : ruleOf(node)(view);
    const last = lastOf(node);
    node.outputs.forEach((name, at) => {
      if (name !== '' && made[at]) values.set(name, made[at]);
    });
    if (last !== node) values.set(last.outputs[0]!, made[0]!);
  }
  return finished(graph, types, heldAs, emit);

  function viewOf(node: Node): NodeView {
    const context = contextOf(node, opset, types, constants);
    const inputs = node.inputs.map(heldAs);
    const named = writesOf(node).map((name) => types.get(name));
    if (!context || named.some((type) => !type)) {
      ruleOf(node);
      throw new Unsupported(`${whoIs(node)}: its shape is known only when it runs`, true);
    }
    const activation = last(node);
    return { node, opset, context, emit, inputs, outputs: named as TensorType[], activation };
  }

  /** The activation behind a convolution that nobody else reads is computed with it. */
  function last(node: Node): Activation {
    const next = lastOf(node);
    if (next === node) return 'linear';
    fused.add(next);
    return next.op === 'Relu' ? 'relu' : 'relu6';
  }

  function lastOf(node: Node): Node {
    const [output = ''] = node.outputs;
    const readers = consumers.get(output) ?? [];
    if (node.op !== 'Conv' || readers.length !== 1 || graph.outputs.includes(output)) return node;
    const [next] = readers;
    return next!.op === 'Relu' || isRelu6(next!, constants) ? next! : node;
  }

  function ruleOf(node: Node): Rule {
    const rule = node.domain === '' ? RULES.get(node.op) : undefined;
    if (!rule) {
      const late = node.domain === '' && FOLDED.has(node.op);
      const reason = late ? 'its value is known only when it runs' : 'the operator is not known';
      throw new Unsupported(`${whoIs(node)}: ${reason}`, late);
    }
    return (view) => {
      try {
        return rule(view);
      } catch (error) {
        if (error instanceof Unsupported)
          throw new Unsupported(`${whoIs(node)}: ${error.message}`, error.late);
        throw error;
      }
    };
  }
}

function whoIs({ op, name, domain }: Node): string {
  return `${domain === '' ? '' : `${domain}.`}${op} ${name}`;
}

function isRelu6(node: Node, constants: ReadonlyMap<string, Tensor>): boolean {
  if (node.op !== 'Clip') return false;
  const bound = (at: number, attribute: string) => {
    const name = node.inputs[at] ?? '';
    return name === '' ? numberOf(node, attribute, Number.NaN) : Number(constants.get(name)?.data[0]);
  };
  return bound(1, 'min') === 0 && bound(2, 'max') === 6;
}

function finished(
  graph: Graph,
  types: ReadonlyMap<string, TensorType>,
  heldAs: (name: string) => Value | undefined,
  emit: Emitter,
): DeviceProgram {
  const outputs = graph.outputs.map((name): ProgramOutput => {
    const value = heldAs(name);
    const type = types.get(name);
    if (!value || !type) throw new Unsupported(`the output ${name} is known only when it runs`, true);
    if (value.constant) return { from: 'constant', type, tensor: value.constant };
    if (value.input !== undefined) return { from: 'input', type, index: value.input };
    return { from: 'device', type, id: emit.first(value) };
  });
  const wanted = new Set(outputs.flatMap((output) => (output.from === 'device' ? [output.id] : [])));
  const kept = emit.steps
    .toReversed()
    .filter(({ inputs, output }) => {
      if (!wanted.has(output)) return false;
      for (const id of Object.values(inputs)) wanted.add(id);
      return true;
    })
    .reverse();
  const resident = emit.constants.filter(({ id }) => wanted.has(id));
  const inputs = emit.inputs.filter(({ id }) => wanted.has(id));
  return { inputs, constants: resident, steps: freed(kept, resident, outputs), outputs };
}

/** Each step with the tensors that it is the last to read. */
function freed(
  steps: readonly Omit<DeviceProgram['steps'][number], 'free'>[],
  constants: DeviceProgram['constants'],
  outputs: readonly ProgramOutput[],
): DeviceProgram['steps'] {
  const needed = new Set<TensorId>(constants.map(({ id }) => id));
  for (const output of outputs) if (output.from === 'device') needed.add(output.id);
  return steps
    .toReversed()
    .map((step) => {
      const free = [...new Set(Object.values(step.inputs) as TensorId[])].filter((id) => !needed.has(id));
      for (const id of free) needed.add(id);
      return { ...step, free };
    })
    .reverse();
}
