import type { Graph, Node } from '../graph/graph.ts';
import type { Region } from '../tensor/region.ts';
import { partOf } from './rules/index.ts';
import { type PricedPart, pricedPart } from './work.ts';

/**
 * What nodes of one graph need and cost to make a region of their output. A planner asks for the same regions of the same
 * nodes thousands of times: runs that end at the same node are cut into the same shards, and differ in where these begin.
 */
export class KnownParts {
  readonly #graph: Graph;
  readonly #regions = new Map<string, Region>();
  readonly #parts = new Map<Node, Map<Region, PricedPart | undefined>>();

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  /** The same object for equal regions. */
  canonical(region: Region): Region {
    let key = '';
    for (let axis = 0; axis < region.length; axis += 1) key += `${region[axis]![0]}:${region[axis]![1]},`;
    const known = this.#regions.get(key);
    if (known) return known;
    this.#regions.set(key, region);
    return region;
  }

  canonicals(regions: readonly (Region | undefined)[]): (Region | undefined)[] {
    return regions.map((region) => region && this.canonical(region));
  }

  /** `region` is canonical, and so are those of the inputs. Undefined where the node cannot be cut like this. */
  of(node: Node, region: Region): PricedPart | undefined {
    let parts = this.#parts.get(node);
    if (!parts) {
      parts = new Map();
      this.#parts.set(node, parts);
    }
    let part = parts.get(region);
    if (part || parts.has(region)) return part;
    part = this.#make(node, region);
    parts.set(region, part);
    return part;
  }

  #make(node: Node, region: Region): PricedPart | undefined {
    if (!typesKnown(this.#graph, node)) return undefined;
    const inputs = partOf({ graph: this.#graph, node, region })?.inputs;
    if (!inputs) return undefined;
    return pricedPart(this.#graph, { node, inputs: this.canonicals(inputs), output: region });
  }
}

function typesKnown(graph: Graph, node: Node): boolean {
  for (const name of node.inputs) if (name !== '' && !graph.types.has(name)) return false;
  for (const name of node.outputs) if (name !== '' && !graph.types.has(name)) return false;
  return true;
}
