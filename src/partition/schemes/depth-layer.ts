import { IsobathError } from '../../base/errors.ts';
import type { Graph, Node } from '../../graph/graph.ts';
import { type LayerDepth, layerDepth } from '../depth.ts';
import type { Scheme } from '../scheme.ts';

/** What the depth schemes have in common: they cut Conv, Gemm and MatMul. */
export function unfitDepth(depth: LayerDepth | undefined): string | undefined {
  return depth ? undefined : 'it is not a Conv, Gemm or MatMul over float32 tensors of known shape';
}

export function depthOrThrow(scheme: Scheme, graph: Graph, nodes: readonly Node[]): LayerDepth {
  const head = nodes[0]!;
  const reason = scheme.unfit(graph, head);
  if (reason) throw IsobathError.of('ISO_ERR_SCHEME_UNFIT', { scheme: scheme.name, node: head.name, reason });
  return layerDepth(graph, head)!;
}
