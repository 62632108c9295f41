import type { Shape } from '../../../tensor/region.ts';
import { checkedAxis, UnsupportedLayer } from './config.ts';
import type { LayerCall } from './layer-call.ts';
import { Value } from './value.ts';

/** As a translator, of several inputs. */
export type Merger = (call: LayerCall, inputs: readonly Value[]) => Value;

interface Operands {
  readonly tensors: readonly string[];
  /** Of the result, as it is computed. */
  readonly shape: Shape;
  result(tensor: string): Value;
}

/** Keras lays shapes over one another behind the batch, and lets a shorter one lack axes there. */
function spread({ graph, name, config }: LayerCall, inputs: readonly Value[]): Operands {
  const rank = Math.max(...inputs.map((input) => input.rank));
  const wide = inputs.map(({ shape }) => [
    ...shape.slice(0, 1),
    ...new Array<number>(rank - shape.length).fill(1),
    ...shape.slice(1),
  ]);
  const shape = Array.from({ length: rank }, (_, axis) => Math.max(...wide.map((each) => each[axis]!)));
  if (wide.some((each) => each.some((extent, axis) => extent !== 1 && extent !== shape[axis]))) {
    throw config.malformed(
      `its inputs ${inputs.map((input) => `[${input.shape.join(', ')}]`).join(' and ')} do not fit`,
    );
  }
  if (inputs.every((input) => input.rank === rank) && inputs.some((input) => input.isMapped)) {
    const mapped = [shape[0]!, shape[rank - 1]!, ...shape.slice(1, -1)];
    return {
      tensors: inputs.map((input) => input.mapped()),
      shape: mapped,
      result: (tensor) => Value.mapped(graph, tensor),
    };
  }
  const tensors = inputs.map((input, at) => {
    if (input.rank === rank) return input.plain();
    const target = graph.integers(`${name}/shape${at}`, wide[at]!);
    return graph.node(`${name}/wide${at}`, 'Reshape', [input.plain(), target]);
  });
  return { tensors, shape, result: (tensor) => Value.plain(graph, tensor) };
}

/** The operands two by two: what engines and cuts know best. */
function pairwise(op: 'Add' | 'Mul' | 'Sub'): Merger {
  return (call, inputs) => {
    const { graph, name } = call;
    const { tensors, result } = spread(call, inputs);
    const [first, ...rest] = tensors as [string, ...string[]];
    const sum = rest.reduce((left, right, at) => {
      const last = at === rest.length - 1;
      return graph.node(last ? name : `${name}/${at}`, op, [left, right]);
    }, first);
    return result(sum);
  };
}

function extreme(op: 'Max' | 'Min'): Merger {
  return (call, inputs) => {
    const { tensors, result } = spread(call, inputs);
    return result(call.graph.node(call.name, op, tensors));
  };
}

const average: Merger = (call, inputs) => {
  const { graph, name } = call;
  const sum = pairwise('Add')({ ...call, name: `${name}/sum` }, inputs);
  return sum.like(
    graph.node(name, 'Mul', [sum.tensor, graph.floats(`${name}/share`, [], [1 / inputs.length])]),
  );
};

const subtract: Merger = (call, inputs) => {
  if (inputs.length !== 2) throw call.config.malformed(`it subtracts ${inputs.length} inputs, not two`);
  return pairwise('Sub')(call, inputs);
};

const concatenate: Merger = (call, inputs) => {
  const { config, graph, name } = call;
  const { rank } = inputs[0]!;
  const axis = checkedAxis(config, config.number('axis', -1), rank);
  if (inputs.some((input) => input.rank !== rank))
    throw config.malformed('its inputs differ in their number of dimensions');
  if (inputs.some((input) => input.isMapped)) {
    const tensors = inputs.map((input) => input.mapped());
    const moved = axis === 0 ? 0 : axis === rank - 1 ? 1 : axis + 1;
    return Value.mapped(graph, graph.node(name, 'Concat', tensors, { axis: moved }));
  }
  return Value.plain(
    graph,
    graph.node(
      name,
      'Concat',
      inputs.map((input) => input.plain()),
      { axis },
    ),
  );
};

/** Sums products along one axis of each, of vectors or of lists of vectors. */
const dot: Merger = (call, inputs) => {
  const { config, graph, name } = call;
  const [a, b, ...others] = inputs;
  if (!a || !b || others.length > 0) throw config.malformed(`it multiplies ${inputs.length} inputs, not two`);
  if (config.flag('normalize', false)) throw new UnsupportedLayer('it normalises its vectors');
  const both = config.numbers('axes') ?? [];
  const [first, second = first] = both;
  if (first === undefined || a.rank > 3 || b.rank > 3) {
    throw new UnsupportedLayer(`it multiplies [${a.shape.join(', ')}] and [${b.shape.join(', ')}]`);
  }
  const [left, right] = [checkedAxis(config, first, a.rank), checkedAxis(config, second!, b.rank)];
  if (left === 0 || right === 0) throw new UnsupportedLayer('it multiplies along the batch');
  // [N, rows, inner] times [N, inner, columns]
  const rows = a.rank === 3 ? a.shape[3 - left]! : 1;
  const columns = b.rank === 3 ? b.shape[3 - right]! : 1;
  const factor = (value: Value, turned: boolean, side: string, shape: readonly number[]) => {
    const { rank } = value;
    if (rank === 2)
      return graph.node(`${name}/${side}`, 'Reshape', [
        value.plain(),
        graph.integers(`${name}/${side}/shape`, shape),
      ]);
    return turned
      ? graph.node(`${name}/${side}`, 'Transpose', [value.plain()], { perm: [0, 2, 1] })
      : value.plain();
  };
  const [batch] = a.shape as [number];
  const x = factor(a, left === 1, 'left', [batch, 1, a.shape[left]!]);
  const y = factor(b, right === 2, 'right', [batch, b.shape[right]!, 1]);
  const product = graph.node(`${name}/product`, 'MatMul', [x, y]);
  const kept = [...(a.rank === 3 ? [rows] : []), ...(b.rank === 3 ? [columns] : [])];
  const shape = [batch, ...(kept.length > 0 ? kept : [1])];
  return Value.plain(graph, graph.node(name, 'Reshape', [product, graph.integers(`${name}/shape`, shape)]));
};

export const MERGING_LAYERS: Readonly<Record<string, Merger>> = {
  Add: pairwise('Add'),
  Subtract: subtract,
  Multiply: pairwise('Mul'),
  Average: average,
  Maximum: extreme('Max'),
  Minimum: extreme('Min'),
  Concatenate: concatenate,
  Dot: dot,
};
