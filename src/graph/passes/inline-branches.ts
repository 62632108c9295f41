import type { Tensor } from '../../tensor/tensor.ts';
import { type Body, type Graph, type Node, readsOf, writesOf } from '../graph.ts';
import { walkTypes } from '../infer.ts';

/**
 * The graph with the branch that is taken in the place of each If whose condition is the same in every run. Exporters write
 * one where a tensor's rank or size decides; once the inputs' shapes are known, the other branch may not even fit them,
 * and an engine then refuses the model. Branches in branches follow.
 */
export function inlineBranches(graph: Graph): Graph {
  for (let last = graph; ; ) {
    if (!last.nodes.some(isBranching)) return last;
    const next = inlinedOnce(last);
    if (next === last) return last;
    last = next;
  }
}

export function isBranching({ op, domain }: Node): boolean {
  return op === 'If' && domain === '';
}

function inlinedOnce(graph: Graph): Graph {
  const { constants } = walkTypes(graph);
  const tensors = new Set([...graph.inputs, ...graph.initializers.keys(), ...graph.nodes.flatMap(writesOf)]);
  const names = new Set(graph.nodes.map(({ name }) => name));
  const initializers = new Map(graph.initializers);
  const nodes = graph.nodes.flatMap((node) => {
    const condition = isBranching(node) ? constants.get(node.inputs[0] ?? '') : undefined;
    const body = condition && branchOf(node, condition);
    if (!body) return [node];
    const inlined = renamed(body, node.name, tensors);
    if (!inlined) return [node];
    for (const [name, tensor] of inlined.initializers) initializers.set(name, tensor);
    for (const name of madeBy(inlined)) tensors.add(name);
    return [...inlined.nodes, ...handedOn(inlined, node)].map((inner) => {
      let name = `${node.name}/${inner.name}`;
      while (names.has(name)) name += '_';
      names.add(name);
      return { ...inner, name };
    });
  });
  if (nodes.length === graph.nodes.length && nodes.every((node, at) => node === graph.nodes[at]))
    return graph;
  return { ...graph, nodes, initializers };
}

function branchOf(node: Node, { size, data }: Tensor): Body | undefined {
  if (size !== 1) return undefined;
  const branch = node.attributes[Number(data[0]) === 0 ? 'else_branch' : 'then_branch'];
  const body = branch?.type === 'opaque' ? branch.body?.() : undefined;
  return body?.outputs.length === node.outputs.length ? body : undefined;
}

function madeBy({ nodes, initializers }: Body): string[] {
  return [...initializers.keys(), ...nodes.flatMap(writesOf)];
}

/** The branch's results under the names that the If gives them. */
function handedOn({ outputs }: Body, node: Node): Node[] {
  return outputs.flatMap((output, at) => {
    const name = node.outputs[at] ?? '';
    if (name === '') return [];
    return [
      {
        name: `Identity_${at}`,
        op: 'Identity',
        domain: '',
        inputs: [output],
        outputs: [name],
        attributes: {},
      },
    ];
  });
}

/**
 * The body with names of its own that are free in the graph. Undefined where a subgraph inside captures a name that would
 * have to change: its bytes are passed through.
 */
function renamed(body: Body, prefix: string, tensors: ReadonlySet<string>): Body | undefined {
  const made = madeBy(body);
  const taken = new Set([...tensors, ...made]);
  const others = new Map<string, string>();
  for (const name of made) {
    if (!tensors.has(name)) continue;
    let other = `${prefix}/${name}`;
    while (taken.has(other)) other += '_';
    taken.add(other);
    others.set(name, other);
  }
  if (others.size === 0) return body;
  const captured = body.nodes.flatMap((node) => readsOf({ ...node, inputs: [] }));
  if (captured.some((name) => others.has(name))) return undefined;
  const of = (name: string) => others.get(name) ?? name;
  return {
    nodes: body.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(of),
      outputs: node.outputs.map(of),
    })),
    initializers: new Map([...body.initializers].map(([name, tensor]) => [of(name), tensor])),
    outputs: body.outputs.map(of),
  };
}
