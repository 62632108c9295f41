import { type Attribute, type Graph, knownTypeOf, type Node } from '../graph/graph.ts';
import { opsetOf } from '../graph/operators/index.ts';
import { slice } from '../tensor/copy.ts';
import { type Region, regionShape, sameRegion, wholeRegion } from '../tensor/region.ts';
import { Tensor, type TensorType } from '../tensor/tensor.ts';

/**
 * Writes a program node by node. Rules name the tensors of the whole graph and the regions of them that they want;
 * the builder knows which region the program holds and cuts it where it holds more.
 */
export class ProgramBuilder {
  readonly #graph: Graph;
  readonly #nodes: Node[] = [];
  readonly #initializers = new Map<string, Tensor>();
  readonly #types = new Map<string, TensorType>();
  /** The region of each of the graph's tensors that the program holds under the tensor's own name. */
  readonly #held = new Map<string, Region>();
  readonly #cuts = new Map<string, Region[]>();
  #serial = 0;

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  /** States that the program holds `region` of the graph's tensor, as an input or because a node is about to make it. */
  hold(tensor: string, region: Region): void {
    this.#held.set(tensor, region);
    this.#types.set(tensor, {
      dtype: knownTypeOf(this.#graph.types, tensor).dtype,
      shape: regionShape(region),
    });
  }

  /** A name under which the program has exactly `region` of the graph's tensor: a cut constant, the tensor, or a slice. */
  take(tensor: string, region: Region): string {
    const constant = this.#graph.initializers.get(tensor);
    if (constant) {
      const name = this.#nameOfCut(tensor, region);
      return this.#initializers.has(name) ? name : this.constant(name, slice(constant, region));
    }
    const held = this.#held.get(tensor)!;
    if (sameRegion(held, region)) return tensor;
    const name = this.fresh(tensor, {
      dtype: knownTypeOf(this.#graph.types, tensor).dtype,
      shape: regionShape(region),
    });
    this.slice(tensor, region, name);
    return name;
  }

  /** A node that makes `output` of `region` of the graph's tensor, of which it takes each `step`-th element of an axis. */
  slice(
    tensor: string,
    region: Region,
    output: string,
    steps: ReadonlyMap<number, number> = new Map(),
  ): void {
    const held = this.#held.get(tensor) ?? wholeRegion(knownTypeOf(this.#graph.types, tensor).shape);
    const source = this.#graph.initializers.has(tensor) ? this.take(tensor, held) : tensor;
    const stepOf = (axis: number) => steps.get(axis) ?? 1;
    const axes = region.flatMap(([from, to], axis) =>
      from === held[axis]![0] && to === held[axis]![1] && stepOf(axis) === 1 ? [] : [axis],
    );
    const node = { name: output, domain: '', outputs: [output], attributes: {} };
    if (axes.length === 0) {
      this.node({ ...node, op: 'Identity', inputs: [source] });
      return;
    }
    const starts = axes.map((axis) => region[axis]![0] - held[axis]![0]);
    const ends = axes.map((axis) => region[axis]![1] - held[axis]![0]);
    if (opsetOf(this.#graph) < 10) {
      const ints = (value: readonly number[]): Attribute => ({ type: 'ints', value });
      const attributes = { starts: ints(starts), ends: ints(ends), axes: ints(axes) };
      this.node({ ...node, op: 'Slice', inputs: [source], attributes });
      return;
    }
    const numbers = {
      starts,
      ends,
      axes,
      ...(axes.some((axis) => stepOf(axis) !== 1) && { steps: axes.map(stepOf) }),
    };
    const parameters = Object.entries(numbers).map(([key, values]) =>
      this.int64s(`${output}/${key}`, values),
    );
    this.node({ ...node, op: 'Slice', inputs: [source, ...parameters] });
  }

  constant(name: string, tensor: Tensor): string {
    this.#initializers.set(name, tensor);
    this.#types.set(name, tensor);
    return name;
  }

  int64s(name: string, values: readonly number[]): string {
    return this.constant(name, Tensor.of('int64', [values.length], BigInt64Array.from(values.map(BigInt))));
  }

  node(node: Node): void {
    this.#nodes.push(node);
  }

  /** A new tensor name that begins with `base`. */
  fresh(base: string, type: TensorType): string {
    const name = `${base}#${this.#serial++}`;
    this.#types.set(name, type);
    return name;
  }

  build(name: string, inputs: readonly string[], outputs: readonly string[]): Graph {
    return {
      name,
      opsets: this.#graph.opsets,
      inputs,
      outputs,
      nodes: this.#nodes,
      initializers: this.#initializers,
      types: this.#types,
    };
  }

  /** A constant that is cut in two ways needs two names: the first cut keeps the tensor's own. */
  #nameOfCut(tensor: string, region: Region): string {
    const cuts = this.#cuts.get(tensor) ?? [];
    this.#cuts.set(tensor, cuts);
    let at = cuts.findIndex((cut) => sameRegion(cut, region));
    if (at < 0) at = cuts.push(region) - 1;
    return at === 0 ? tensor : `${tensor}/cut${at}`;
  }
}
