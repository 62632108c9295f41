import { consumersOf, type Graph, type Node, readsOf, writesOf } from '../graph/graph.ts';
import { macsOf } from '../graph/macs.ts';
import { ACTIVATIONS } from '../graph/operators/elementwise.ts';

/** Nodes that stay in one stage: one node as a rule, in a quantised model those that an engine may run as one integer kernel. */
export interface Unit {
  readonly nodes: readonly Node[];
  /** The one that computes. */
  readonly core: Node;
}

/** Operators that move elements or choose among them, which engines carry out on quantised elements as well. */
const MOVING = new Set(['Flatten', 'MaxPool', 'Reshape', 'Slice', 'Squeeze', 'Transpose', 'Unsqueeze']);

const KNOWN = new WeakMap<Graph, Units>();

/** The units of a graph, in the order of its nodes. */
export function unitsOf(graph: Graph): Units {
  let units = KNOWN.get(graph);
  if (!units) {
    units = new Units(graph);
    KNOWN.set(graph, units);
  }
  return units;
}

/**
 * Where a tensor is only what lies between DequantizeLinear and QuantizeLinear, no stage ends: the float32 tensor would
 * travel at four times the bytes, and the engine, which has an integer kernel for the whole pattern, would compute its two
 * halves otherwise than the whole.
 *
 *      x uint8 -> DequantizeLinear -+
 *                                   +-> Conv -> Relu -> QuantizeLinear -> y uint8      one unit
 *      w int8  -> DequantizeLinear -+
 */
export class Units {
  readonly all: readonly Unit[];
  /** Tensors that are made and read in one unit. */
  readonly inner: ReadonlySet<string>;
  readonly #of = new Map<Node, Unit>();

  constructor(graph: Graph) {
    this.inner = boundTensors(graph);
    const starts = unitStarts(graph, this.inner);
    this.all = starts.map((start, at) => {
      const nodes = graph.nodes.slice(start, starts[at + 1]);
      const unit = { nodes, core: coreOf(graph, nodes) };
      for (const node of nodes) this.#of.set(node, unit);
      return unit;
    });
  }

  of(node: Node): Unit {
    return this.#of.get(node) ?? { nodes: [node], core: node };
  }

  /** The units that the nodes belong to, each with those of its nodes that are among them. */
  among(nodes: readonly Node[]): Unit[] {
    const parts = new Map<Unit, Node[]>();
    for (const node of nodes) {
      const unit = this.of(node);
      const part = parts.get(unit);
      if (part) part.push(node);
      else parts.set(unit, [node]);
    }
    return [...parts].map(([unit, part]) =>
      part.length === unit.nodes.length ? unit : { ...unit, nodes: part },
    );
  }
}

/** The tensors that the nodes read from outside, without constants. */
export function liveReads({ initializers }: Graph, nodes: readonly Node[]): string[] {
  const made = new Set(nodes.flatMap(writesOf));
  const read = new Set(nodes.flatMap(readsOf));
  return [...read].filter((name) => !made.has(name) && !initializers.has(name));
}

/** True where all it does is to make float32 of an output of the model: that is done where four times the bytes need not travel. */
export function onlyDequantizes({ nodes }: Unit): boolean {
  return nodes.every((node) => is(node, 'DequantizeLinear'));
}

/** Positions where a unit begins: those over which no bound tensor reaches. */
function unitStarts({ nodes }: Graph, bound: ReadonlySet<string>): number[] {
  const lastRead = new Map<string, number>();
  for (const [at, node] of nodes.entries()) for (const name of readsOf(node)) lastRead.set(name, at);
  const starts: number[] = [];
  let reach = -1;
  for (const [at, node] of nodes.entries()) {
    if (at > reach) starts.push(at);
    reach = Math.max(reach, at);
    for (const name of writesOf(node)) if (bound.has(name)) reach = Math.max(reach, lastRead.get(name) ?? at);
  }
  return starts;
}

function boundTensors(graph: Graph): Set<string> {
  const bound = new Set<string>();
  const consumers = consumersOf(graph.nodes);
  const given = new Set(graph.outputs);
  for (const node of graph.nodes) {
    const [output = ''] = node.outputs;
    const readers = consumers.get(output) ?? [];
    if (given.has(output) || readers.length === 0) continue;
    if (is(node, 'DequantizeLinear')) bound.add(output);
    if (readers.length > 1) continue;
    const [reader] = readers as [Node];
    if (is(reader, 'QuantizeLinear')) bound.add(output);
    // what only moves quantised elements goes with who computes with them
    else if (MOVING.has(node.op) && bound.has(node.inputs[0] ?? '')) bound.add(output);
  }
  for (const node of graph.nodes.toReversed()) {
    const [output = ''] = node.outputs;
    const [input = ''] = node.inputs;
    const passesOn = node.domain === '' && (ACTIVATIONS.has(node.op) || MOVING.has(node.op));
    if (passesOn && bound.has(output) && consumers.get(input)?.length === 1 && !given.has(input))
      if (!graph.inputs.includes(input) && !graph.initializers.has(input)) bound.add(input);
  }
  return bound;
}

function is({ domain, op }: Node, name: string): boolean {
  return domain === '' && op === name;
}

/** Who multiplies most; else the first that neither quantises nor moves. */
function coreOf(graph: Graph, nodes: readonly Node[]): Node {
  if (nodes.length === 1) return nodes[0]!;
  let [core, most] = [undefined as Node | undefined, 0];
  for (const node of nodes) {
    const macs = macsOf(graph, node);
    if (macs > most) [core, most] = [node, macs];
  }
  const computes = ({ op }: Node) => op !== 'QuantizeLinear' && op !== 'DequantizeLinear';
  const first = nodes.find((node) => computes(node) && !MOVING.has(node.op));
  return core ?? first ?? nodes.find(computes) ?? nodes[0]!;
}
