import { axisOf, numberOf } from '../graph/attributes.ts';
import { type Graph, knownTypeOf, type Node, readsOf } from '../graph/graph.ts';
import { MICROSOFT } from '../graph/operators/qlinear.ts';
import { operatorKey } from '../graph/operators/spec.ts';
import { axisRegion, type Range } from '../tensor/region.ts';
import type { TensorType } from '../tensor/tensor.ts';
import type { Run } from './run.ts';
import type { TensorRegion } from './shard.ts';
import { unitsOf } from './units.ts';

/** The end of a run where branches meet: a Concat, alone or with the nodes that dequantise its operands and quantise its result. */
export interface Joint {
  readonly nodes: readonly Node[];
  readonly output: string;
  readonly slots: readonly Slot[];
}

/** A place in the output of a joint, and what goes there. */
export interface Slot {
  /** What a branch makes. */
  readonly from: string;
  /** What the joint would put in the place: `from` itself, or `from` in the steps of the joint's output. */
  readonly tensor: string;
  readonly to: TensorRegion;
  /** They make `tensor` of `from`: the nodes of the joint, with this one operand. */
  readonly nodes: readonly Node[];
  /** Of the tensors that `nodes` make. */
  readonly types: ReadonlyMap<string, TensorType>;
}

/**
 * The joints of a run, whose outputs no other node of it reads.
 *
 *     a -> Dequantize -+                                    a -> Dequantize -> Concat -> Quantize -> channels [0, A)
 *                      +-> Concat -> Quantize   becomes
 *     b -> Dequantize -+                                    b -> Dequantize -> Concat -> Quantize -> channels [A, A + B)
 */
export function jointsOf({ graph, nodes }: Run): Joint[] {
  const read = new Set(nodes.flatMap(readsOf));
  return unitsOf(graph)
    .among(nodes)
    .flatMap(({ nodes: unit, core }): Joint[] => {
      const output = unit.at(-1)!.outputs[0]!;
      if (read.has(output)) return [];
      const key = operatorKey(core);
      if (key === 'Concat' && unit.at(-1) === core) return [plainJoint(graph, core)];
      if (key === `${MICROSOFT}.QLinearConcat`) return [qlinearJoint(graph, core)];
      return key === 'Concat' ? quantisedJoint(graph, unit, core) : [];
    });
}

function plainJoint(graph: Graph, concat: Node): Joint {
  const slots = placesOf(graph, concat, concat.inputs).map(({ operand, to }) => ({
    ...{ from: operand, tensor: operand, to, nodes: [], types: new Map() },
  }));
  return { nodes: [concat], output: concat.outputs[0]!, slots };
}

/** The output's scale and zero point, then each operand with its own. */
function qlinearJoint(graph: Graph, concat: Node): Joint {
  const output = concat.outputs[0]!;
  const operands = concat.inputs.filter((_, at) => at % 3 === 2);
  const slots = placesOf(graph, concat, operands).map(({ operand, to }, at): Slot => {
    const inputs = [...concat.inputs.slice(0, 2), ...concat.inputs.slice(2 + 3 * at, 5 + 3 * at)];
    return { from: operand, to, ...renamed(graph, [{ ...concat, inputs }], output, at, operand) };
  });
  return { nodes: [concat], output, slots };
}

/** None where the unit holds more than one DequantizeLinear for each operand, and QuantizeLinear behind the Concat. */
function quantisedJoint(graph: Graph, unit: readonly Node[], concat: Node): Joint[] {
  const makers = new Map(unit.map((node) => [node.outputs[0]!, node]));
  const last = unit.at(-1)!;
  const dequantized = concat.inputs.map((name) => makers.get(name));
  const simple =
    last.op === 'QuantizeLinear' &&
    last.inputs[0] === concat.outputs[0] &&
    dequantized.every((node) => node?.op === 'DequantizeLinear') &&
    new Set([...dequantized, concat, last]).size === unit.length &&
    [last, ...dequantized].every((node) => hasOneScale(graph, node!));
  if (!simple) return [];
  const output = last.outputs[0]!;
  const slots = placesOf(graph, concat, concat.inputs, output).map(({ operand, to }, at): Slot => {
    const from = dequantized[at]!.inputs[0]!;
    const nodes = [dequantized[at]!, { ...concat, inputs: [operand] }, last];
    return { from, to, ...renamed(graph, nodes, output, at, from) };
  });
  return [{ nodes: unit, output, slots }];
}

function hasOneScale({ initializers }: Graph, { inputs }: Node): boolean {
  return initializers.get(inputs[1] ?? '')?.size === 1;
}

/** The nodes under names of their own, which end in the part of `output` that `from` becomes. */
function renamed(graph: Graph, nodes: readonly Node[], output: string, at: number, from: string) {
  const { shape } = knownTypeOf(graph.types, from);
  const names = new Map(nodes.map(({ outputs: [name = ''] }) => [name, `${name}/operand${at}`]));
  const types = new Map(
    [...names].map(([name, own]) => [own, { dtype: knownTypeOf(graph.types, name).dtype, shape }]),
  );
  const own = (name: string) => names.get(name) ?? name;
  return {
    tensor: own(output),
    types,
    nodes: nodes.map((node) => ({
      ...{ ...node, name: `${node.name}/operand${at}` },
      ...{ inputs: node.inputs.map(own), outputs: node.outputs.map(own) },
    })),
  };
}

/** Where each operand of a Concat lies in the joint's output. */
function placesOf(graph: Graph, concat: Node, operands: readonly string[], tensor = concat.outputs[0]!) {
  const { shape } = knownTypeOf(graph.types, tensor);
  const axis = axisOf(numberOf(concat, 'axis', 1), shape.length);
  let end = 0;
  return operands.map((operand) => {
    const range: Range = [end, end + knownTypeOf(graph.types, operand).shape[axis]!];
    end = range[1];
    return { operand, to: { tensor, region: axisRegion(shape, axis, range) } };
  });
}
