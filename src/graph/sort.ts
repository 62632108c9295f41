import { type Node, readsOf, writesOf } from './graph.ts';

/**
 * The nodes so ordered that each comes after those whose outputs it reads; nodes that are in order keep their places.
 * `cyclic` is a node on a cycle, where there is one; `nodes` is then incomplete.
 */
export function sortNodes(nodes: readonly Node[]): { nodes: Node[]; cyclic: Node | undefined } {
  const makers = new Map<string, Node>();
  for (const node of nodes) for (const name of writesOf(node)) makers.set(name, node);
  const sorted: Node[] = [];
  const state = new Map<Node, 'open' | 'done'>();
  // Depth first with a stack of our own: a chain of a million nodes must not overflow the call stack.
  for (const root of nodes) {
    const stack: { node: Node; rest: Node[] }[] = [];
    const enter = (node: Node) => {
      state.set(node, 'open');
      const rest = readsOf(node).map((name) => makers.get(name));
      stack.push({ node, rest: rest.filter((maker) => maker !== undefined).reverse() });
    };
    if (!state.has(root)) enter(root);
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const next = top.rest.pop();
      if (next === undefined) {
        state.set(top.node, 'done');
        sorted.push(top.node);
        stack.pop();
      } else if (state.get(next) === 'open') {
        return { nodes: sorted, cyclic: next };
      } else if (!state.has(next)) enter(next);
    }
  }
  return { nodes: sorted, cyclic: undefined };
}
