import type { Graph, Node } from '../graph/graph.ts';
import { operatorOf, opsetOf } from '../graph/operators/index.ts';
import { elementBytes } from '../tensor/dtype.ts';
import { type Region, regionShape, regionSize, sameRegion } from '../tensor/region.ts';
import type { TensorType } from '../tensor/tensor.ts';

type Regions = readonly (Region | undefined)[];

/** Adds up what a shard computes and holds from the regions alone, without its program. */
export class Price {
  readonly #graph: Graph;
  readonly #opset: number;
  readonly #held = new Map<string, Region[]>();
  macs = 0;
  filterBytes = 0;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#opset = opsetOf(graph);
  }

  /** The node on parts of its inputs, making `output`. */
  add(node: Node, inputs: Regions, output: Region): void {
    this.macs += this.#macsOf(node, inputs, output);
    inputs.forEach((region, at) => {
      if (region) this.#hold(node.inputs[at]!, region);
    });
  }

  /** The operator's own formula, on the shapes of the parts. */
  #macsOf(node: Node, inputs: Regions, output: Region): number {
    const operator = operatorOf(node);
    if (!operator?.macs) return 0;
    const types = inputs.map((region, at) => region && this.#typeOf(node.inputs[at]!, region));
    const context = { node, opset: this.#opset, inputs: types, constant: () => undefined };
    return operator.macs(context, this.#typeOf(node.outputs[0]!, output));
  }

  /** A constant that is cut twice in the same way is held once. */
  #hold(tensor: string, region: Region): void {
    const constant = this.#graph.initializers.get(tensor);
    if (!constant) return;
    const cuts = this.#held.get(tensor) ?? [];
    if (cuts.some((cut) => sameRegion(cut, region))) return;
    this.#held.set(tensor, [...cuts, region]);
    this.filterBytes += regionSize(region) * elementBytes(constant.dtype);
  }

  #typeOf(tensor: string, region: Region): TensorType {
    return { dtype: this.#graph.types.get(tensor)!.dtype, shape: regionShape(region) };
  }
}
