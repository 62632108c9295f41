import { consumersOf, type Graph } from '../graph/graph.ts';
import { filterBytesOf, macsOf } from '../graph/macs.ts';
import { layerDepth } from '../partition/depth.ts';
import { type Run, runOf } from '../partition/run.ts';
import { SCHEMES } from '../partition/schemes/index.ts';
import { liveReads, type Unit, unitsOf } from '../partition/units.ts';

/** What `isobath inspect` tells of one node, or of those of a quantised model that stay together. */
export interface Layer {
  readonly name: string;
  readonly op: string;
  /** Of the node that computes, quantises its result and reads what is dequantised: how many they are together. */
  readonly nodes: number;
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
  return unitsOf(graph).all.map((unit) => layerOf(graph, unit, runOf(graph, unit.nodes, consumers)));
}

function layerOf(graph: Graph, { nodes, core: node }: Unit, run: Run): Layer {
  const live = liveReads(graph, nodes);
  const depth = layerDepth(graph, node);
  return {
    name: node.name,
    op: node.op,
    nodes: nodes.length,
    inputs: live.map((name) => graph.types.get(name)?.shape ?? null),
    output: graph.types.get(nodes.at(-1)!.outputs[0] ?? '')?.shape ?? null,
    macs: macsOf(graph, node),
    filterBytes: nodes.reduce((sum, each) => sum + filterBytesOf(graph, each), 0),
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
