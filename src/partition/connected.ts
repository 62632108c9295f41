import { type Node, readsOf, writesOf } from '../graph/graph.ts';

/** Groups nodes (in topological order) that are joined by a tensor that one of them makes, in the order of their first nodes. */
export function connectedParts(nodes: readonly Node[]): Node[][] {
  const partOf = new Map<string, Node[]>();
  const parts = new Set<Node[]>();
  for (const node of nodes) {
    const touching = [...new Set(readsOf(node).map((tensor) => partOf.get(tensor)))].filter(
      (part) => part !== undefined,
    );
    const part = touching[0] ?? [];
    for (const other of touching.slice(1)) {
      part.push(...other);
      parts.delete(other);
      for (const moved of other) for (const tensor of writesOf(moved)) partOf.set(tensor, part);
    }
    part.push(node);
    parts.add(part);
    for (const tensor of writesOf(node)) partOf.set(tensor, part);
  }
  return [...parts].map((part) => nodes.filter((node) => part.includes(node)));
}
