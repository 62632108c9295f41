import { type Graph, type Node, readsOf } from './graph.ts';
import { contextOf } from './infer.ts';
import { operatorOf, opsetOf } from './operators/index.ts';

/**
 * Multiply-accumulates of one node: what the estimator prices by s/MAC. 0 for operators that move more than they
 * compute, for those that we do not know, and where shapes are not known yet.
 */
export function macsOf(graph: Graph, node: Node): number {
  const context = contextOf(node, opsetOf(graph), graph.types, graph.initializers);
  const output = graph.types.get(node.outputs[0] ?? '');
  return (context && output && operatorOf(node)?.macs?.(context, output)) ?? 0;
}

/** Bytes of the constants that the node reads; an agent must hold them to run it. */
export function filterBytesOf(graph: Graph, node: Node): number {
  let bytes = 0;
  for (const name of new Set(readsOf(node))) bytes += graph.initializers.get(name)?.byteLength ?? 0;
  return bytes;
}
