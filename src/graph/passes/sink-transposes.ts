import { sizeOf } from '../../tensor/region.ts';
import { numbersOf } from '../attributes.ts';
import type { Graph } from '../graph.ts';
import type { Order } from './layout/permutation.ts';
import { RULES } from './layout/rules/index.ts';
import { Sweep, type SweepOptions } from './layout/sweep.ts';
import type { Pass } from './pass.ts';

/**
 * Models of TensorFlow hold feature maps as NHWC, so that a Transpose stands before and behind each operator that is
 * NCHW here. This lets each Transpose move down, past the operators that can work in either order, until it meets its
 * inverse, or the filters of a dense layer that take its place:
 *
 *     Conv -> NHWC -> Add -> Relu -> NCHW -> Conv          becomes          Conv -> Add -> Relu -> Conv
 *
 * Inputs and outputs keep the model's own order. Several ways are tried, and the one that moves the fewest elements is taken:
 * operands transposed so that more can pass, and inputs transposed at once. Types must have been inferred.
 */
export const sinkTransposes: Pass = {
  name: 'sink-transposes',
  run(graph: Graph): Graph {
    if (!graph.nodes.some(({ op, domain }) => op === 'Transpose' && domain === '')) return graph;
    let best = graph;
    for (const eager of [false, true]) {
      const made = swept(graph, { eager });
      if (isBetter(made, best)) best = made;
      const inputs = turnedInputs(made);
      if (inputs.size === 0) continue;
      // Of equals the one that turns at the input: all that follows is then in the order that depth is cut in.
      const turned = swept(graph, { eager, inputs });
      if (movedBy(turned) <= movedBy(best)) best = turned;
    }
    return best;
  },
};

function isBetter(made: Graph, best: Graph): boolean {
  const gain = movedBy(best) - movedBy(made);
  return gain > 0 || (gain === 0 && made.nodes.length < best.nodes.length);
}

/** Elements that the graph's Transposes move. */
function movedBy(graph: Graph): number {
  let moved = 0;
  for (const { op, domain, outputs } of graph.nodes) {
    if (op === 'Transpose' && domain === '') moved += sizeOf(graph.types.get(outputs[0]!)?.shape ?? []);
  }
  return moved;
}

/** For each input, an order in which something of its rank is still wanted. */
function turnedInputs(graph: Graph): Map<string, Order> {
  const orders = graph.nodes
    .filter(({ op, domain }) => op === 'Transpose' && domain === '')
    .map((node) => numbersOf(node, 'perm') ?? []);
  const turned = new Map<string, Order>();
  for (const name of graph.inputs) {
    const order = orders.find(({ length }) => length === graph.types.get(name)?.shape.length);
    if (order) turned.set(name, order);
  }
  return turned;
}

function swept(graph: Graph, options: SweepOptions): Graph {
  const sweep = new Sweep(graph, options);
  const attributes = graph.nodes.flatMap((node) => Object.values(node.attributes));
  const captured = attributes.flatMap((attribute) => (attribute.type === 'opaque' ? attribute.reads : []));
  const fixed = new Set(captured);
  for (const node of graph.nodes) {
    const rule = node.domain === '' ? RULES.get(node.op) : undefined;
    const known = node.outputs.every((name) => name === '' || graph.types.has(name));
    if (!rule || !known || !rule(node, sweep)) sweep.keep(node);
    for (const name of node.outputs) if (fixed.has(name)) sweep.pin(name);
  }
  for (const name of graph.outputs) if (!graph.inputs.includes(name)) sweep.pin(name);
  return { ...graph, nodes: sweep.nodes, initializers: sweep.constants.all, types: sweep.types };
}
