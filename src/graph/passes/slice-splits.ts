import { toInt64 } from '../../tensor/int64.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { axisOf, numberOf } from '../attributes.ts';
import { type Graph, type Node, writesOf } from '../graph.ts';
import { contextOf, walkTypes } from '../infer.ts';
import { opsetOf } from '../operators/index.ts';
import { splitExtents } from '../operators/slicing.ts';
import type { Pass } from './pass.ts';

/** Since this operator set a Slice takes its starts, ends and axes as inputs, before as attributes. */
const SLICES_BY_INPUT = 10;

/**
 * A Split becomes a Slice for each of its outputs: the same bytes are copied, and each output can be cut, left out or
 * computed elsewhere without the others. A Split whose parts only a run tells stays.
 *
 *     x -> Split -+-> a        x -+-> Slice [0, A) ----> a
 *                 +-> b           +-> Slice [A, A + B) -> b
 */
export const sliceSplits: Pass = {
  name: 'slice-splits',
  run(graph: Graph): Graph {
    if (!graph.nodes.some(isSplit)) return graph;
    const { types, constants } = walkTypes(graph);
    const initializers = new Map(graph.initializers);
    const taken = new Set([...graph.inputs, ...initializers.keys(), ...graph.nodes.flatMap(writesOf)]);
    const constant = (wanted: string, value: number): string => {
      let name = wanted;
      while (taken.has(name)) name += '_';
      taken.add(name);
      const tensor = Tensor.of('int64', [1], BigInt64Array.of(toInt64(value)));
      initializers.set(name, tensor);
      types.set(name, tensor);
      return name;
    };
    const opset = opsetOf(graph);
    const nodes = graph.nodes.flatMap((node): Node[] => {
      const context = isSplit(node) ? contextOf(node, opset, types, constants) : undefined;
      const shape = context?.inputs[0]?.shape;
      if (!context || !shape) return [node];
      const axis = axisOf(numberOf(node, 'axis', 0), shape.length);
      const extents = splitExtents(context, shape[axis]!);
      return extents ? slicesOf(node, axis, extents, opset < SLICES_BY_INPUT ? undefined : constant) : [node];
    });
    return { ...graph, nodes, initializers, types };
  },
};

function isSplit({ domain, op }: Node): boolean {
  return domain === '' && op === 'Split';
}

/** `constant` makes a tensor of one number under a new name; without it the numbers are attributes. */
function slicesOf(
  node: Node,
  axis: number,
  extents: readonly number[],
  constant: ((name: string, value: number) => string) | undefined,
): Node[] {
  const [input = ''] = node.inputs;
  let end = 0;
  return node.outputs.flatMap((output, part) => {
    const numbers = { starts: end, ends: end + extents[part]!, axes: axis };
    end = numbers.ends;
    if (output === '') return [];
    const name = `${node.name}/${part}`;
    const slice = { name, op: 'Slice', domain: '', outputs: [output] };
    const entries = Object.entries(numbers);
    if (constant) {
      const parameters = entries.map(([key, value]) => constant(`${name}/${key}`, value));
      return [{ ...slice, inputs: [input, ...parameters], attributes: {} }];
    }
    const attributes = entries.map(([key, value]) => [key, { type: 'ints', value: [value] }] as const);
    return [{ ...slice, inputs: [input], attributes: Object.fromEntries(attributes) }];
  });
}
