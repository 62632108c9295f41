import type { TfjsContext } from '../context.ts';
import { isRecord, type Json, shown } from '../json.ts';
import { Attributes } from './attributes.ts';

/** One output of a node: "name", "name:1", and in function bodies "name:output:1". */
export interface Endpoint {
  readonly node: string;
  readonly output: number;
}

/** A NodeDef: an operator of TensorFlow, applied. */
export interface TfNode {
  readonly name: string;
  readonly op: string;
  /** Data alone: control inputs only order what has side effects. */
  readonly inputs: readonly Endpoint[];
  readonly attributes: Attributes;
}

const MAX_NODES = 1_000_000;

export function readNodes(topology: Json, context: TfjsContext): Map<string, TfNode> {
  const { node: list } = topology;
  if (!Array.isArray(list)) throw context.malformed('its modelTopology has no list of nodes');
  return readNodeList(list, 'it', context);
}

/** The nodes of a model or of a function, by name; `where` names it in errors. */
export function readNodeList(
  list: readonly unknown[],
  where: string,
  context: TfjsContext,
): Map<string, TfNode> {
  if (list.length > MAX_NODES) throw context.malformed(`${where} has more than ${MAX_NODES} nodes`);
  const nodes = new Map<string, TfNode>();
  for (const json of list) {
    const node = readNode(json, context);
    if (nodes.has(node.name)) throw context.malformed(`the node ${node.name} is there twice`);
    nodes.set(node.name, node);
  }
  for (const { name, inputs } of nodes.values()) {
    const missing = inputs.find((input) => !nodes.has(input.node));
    if (missing) throw context.malformed(`the node ${name} reads ${missing.node}, which nothing makes`);
  }
  return nodes;
}

function readNode(json: unknown, context: TfjsContext): TfNode {
  const { name, op, input = [], attr } = isRecord(json) ? json : {};
  if (typeof name !== 'string' || name === '' || typeof op !== 'string' || op === '') {
    throw context.malformed(`a node is ${shown(json)}, without a name or an operator`);
  }
  if (!Array.isArray(input) || !input.every((each) => typeof each === 'string')) {
    throw context.malformed(`the node ${name} has the inputs ${shown(input)}`);
  }
  const data = (input as string[]).filter((each) => !each.startsWith('^'));
  return { name, op, inputs: data.map(endpointOf), attributes: new Attributes(attr) };
}

export function endpointOf(text: string): Endpoint {
  const match = /^(.*?)(?::[^:]*)?:(\d+)$/.exec(text);
  return match ? { node: match[1]!, output: Number(match[2]) } : { node: text, output: 0 };
}

/** Where a loop of TensorFlow's first kind (Enter, Merge, Switch, NextIteration, Exit) comes back to its beginning. */
function isBackEdge(node: TfNode, input: TfNode | undefined): boolean {
  return (
    ['Merge', 'RefMerge'].includes(node.op) && ['NextIteration', 'RefNextIteration'].includes(input?.op ?? '')
  );
}

/**
 * The nodes that `ends` depend on, each after those that it reads; but what a loop brings back to its Merge comes behind it.
 * Throws ISO_ERR_MODEL_MALFORMED for a circle that is no loop.
 */
export function orderedNodes(
  nodes: ReadonlyMap<string, TfNode>,
  ends: readonly string[],
  context: TfjsContext,
): TfNode[] {
  const ordered: TfNode[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const stack: { node: TfNode; next: number }[] = [];
  const enter = (name: string) => {
    state.set(name, 'open');
    stack.push({ node: nodes.get(name)!, next: 0 });
  };
  const later: string[] = [...ends];
  for (let end = later.shift(); end !== undefined; end = later.shift()) {
    if (!state.has(end)) enter(end);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const input = top.node.inputs[top.next];
      top.next += 1;
      if (!input) {
        state.set(top.node.name, 'done');
        ordered.push(top.node);
        stack.pop();
      } else if (isBackEdge(top.node, nodes.get(input.node))) {
        later.push(input.node);
      } else if (!state.has(input.node)) {
        enter(input.node);
      } else if (state.get(input.node) === 'open') {
        throw context.malformed(`the node ${input.node} depends on its own output`);
      }
    }
  }
  return ordered;
}
