import type { Graph, Node } from '../../../graph/graph.ts';
import { type Known, walkTypes } from '../../../graph/infer.ts';
import { opsetOf } from '../../../graph/operators/index.ts';
import type { ReadContext } from '../context.ts';
import { explicitPads, isDilatedSame } from './explicit-pads.ts';
import { OLD_OPERATORS } from './old-operators.ts';
import { type NodeView, type Rewriting, without } from './rewriting.ts';

/** The oldest version of the standard operator set that onnxruntime has kernels for. */
const OLDEST = 7;

/** The newest that onnxruntime 1.30 takes: it refuses whole models of newer ones. */
const NEWEST = 26;

const PADDED = new Set(['Conv', 'ConvInteger', 'QLinearConv', 'MaxPool', 'AveragePool', 'LpPool']);

/**
 * The graph without what engines no longer know, or never did: nodes of operator sets before 7 as nodes of version 7, and
 * SAME padding of dilated windows as numbers. Throws ISO_ERR_MODEL_UNSUPPORTED where a node cannot be written so or the operator set
 * is newer than engines know, and what
 * `inferTypes` throws.
 */
export function lift(graph: Graph, context: ReadContext): Graph {
  const opset = opsetOf(graph);
  if (opset > NEWEST)
    throw context.unsupported(
      `it is of the operator set ${opset}, and ${NEWEST} is the newest: export it with \`opset_version=24\` or less`,
    );
  const padded = graph.nodes.some((node) => isPadded(node) && isDilatedSame({ node }));
  if (opset >= OLDEST && !padded) return graph;
  const names = new Set(graph.nodes.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]));
  const fresh = (name: string) => {
    let free = name;
    for (let at = 1; names.has(free); at += 1) free = `${name}_${at}`;
    names.add(free);
    return free;
  };
  const nodes: Node[] = [];
  const rewrite = (node: Node, known: Known): readonly Node[] => {
    const view = { node, opset, fresh, ...lookup(node, known), refuse: refusal(node, opset, context) };
    const made = node.domain === '' ? rewritten(view) : [node];
    nodes.push(...made);
    return made;
  };
  const lifted = { ...graph, opsets: { ...graph.opsets, '': Math.max(opset, OLDEST) } };
  walkTypes(lifted, rewrite);
  return { ...lifted, nodes };
}

function isPadded(node: Node): boolean {
  return node.domain === '' && PADDED.has(node.op);
}

function rewritten(view: NodeView): readonly Node[] {
  const { node, opset } = view;
  if (opset >= OLDEST) return isPadded(node) ? explicitPads(view) : [node];
  if (Object.values(node.attributes).some((attribute) => attribute.type === 'opaque')) {
    throw view.refuse('what is in its subgraph is not looked at');
  }
  // a hint on memory, up to version 5
  const plain = { ...view, node: without(node, 'consumed_inputs') };
  const rule = OLD_OPERATORS.find(({ op, below }) => op === node.op && opset < below);
  const rewriting: Rewriting = rule?.rewriting ?? ((each) => [each.node]);
  const made = rewriting(plain);
  return isPadded(node) ? made.flatMap((each) => explicitPads({ ...plain, node: each })) : made;
}

function lookup(node: Node, { types, constants }: Known): Pick<NodeView, 'type' | 'constant'> {
  return {
    type: (input) => types.get(node.inputs[input] ?? ''),
    constant: (input) => constants.get(node.inputs[input] ?? ''),
  };
}

function refusal(node: Node, opset: number, context: ReadContext): NodeView['refuse'] {
  return (reason) =>
    context.unsupported(
      `the node ${node.name} is ${node.op} of operator set ${opset} and cannot be written in a newer one (${reason}): ` +
        'convert the model with onnx.version_converter.convert_version(model, 13), or export it again',
    );
}
