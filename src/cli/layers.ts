import { consumersOf, type Graph, type Node } from '../graph/graph.ts';
import { filterBytesOf, macsOf } from '../graph/macs.ts';
import { layerDepth } from '../partition/depth.ts';
import { type Run, runOf } from '../partition/run.ts';
import { SCHEMES } from '../partition/schemes/index.ts';

/** What `isobath inspect` tells of one node. */
export interface Layer {
  readonly name: string;
  readonly op: string;
  /** Of the inputs that are not constants; null for one that has another shape in every run, also as `output`. */
  readonly inputs: readonly (readonly number[] | null)[];
  readonly output: readonly number[] | null;
  readonly macs: number;
  readonly filterBytes: number;
  /** Channels in and out; null for nodes without filters to cut. */
  readonly depth: { readonly input: number; readonly output: number } | null;
  readonly schemes: readonly string[];
}

export function layersOf(graph: Graph): Layer[] {
  const consumers = consumersOf(graph.nodes);
  return graph.nodes.map((node) => layerOf(graph, node, runOf(graph, [node], consumers)));
}

function layerOf(graph: Graph, node: Node, run: Run): Layer {
  const live = node.inputs.filter((name) => name !== '' && !graph.initializers.has(name));
  const depth = layerDepth(graph, node);
  return {
    name: node.name,
    op: node.op,
    inputs: live.map((name) => graph.types.get(name)?.shape ?? null),
    output: graph.types.get(node.outputs[0] ?? '')?.shape ?? null,
    macs: macsOf(graph, node),
    filterBytes: filterBytesOf(graph, node),
    depth: depth ? { input: depth.input, output: depth.output } : null,
    schemes: Object.values(SCHEMES)
      .filter((scheme) => scheme.unfit(run) === undefined)
      .map(({ name }) => name),
  };
}

export interface Totals {
  readonly layers: number;
  readonly macs: number;
  readonly filterBytes: number;
}

export function totalsOf(graph: Graph, layers: readonly Layer[]): Totals {
  return {
    layers: layers.length,
    macs: layers.reduce((sum, { macs }) => sum + macs, 0),
    filterBytes: totalFilterBytes(graph),
  };
}

/** Bytes of all constants in use, each once: two layers may share one. */
function totalFilterBytes(graph: Graph): number {
  let bytes = 0;
  for (const { byteLength } of graph.initializers.values()) bytes += byteLength;
  return bytes;
}
