import { type Shape, sizeOf } from '../../../tensor/region.ts';
import type { Tensor, TensorType } from '../../../tensor/tensor.ts';
import { type Attribute, type Graph, knownTypeOf, type Node } from '../../graph.ts';
import { opsetOf } from '../../operators/index.ts';
import { Constants } from './constants.ts';
import { type Layout, sameLayout } from './layout.ts';
import { inverse, isInOrder, keepsElements, type Order, permuted } from './permutation.ts';

export interface SweepOptions {
  /** Inputs that are transposed at once, so that all that follows is in that order. */
  readonly inputs?: ReadonlyMap<string, Order>;
  /** True lets an operand be transposed so that the Transpose of the other one can move past the operator. */
  readonly eager: boolean;
}

/** The new graph while the old one is walked: its nodes so far, and how each old tensor is held. */
export class Sweep {
  readonly graph: Graph;
  readonly opset: number;
  readonly eager: boolean;
  readonly constants: Constants;
  readonly nodes: Node[] = [];
  readonly types: Map<string, TensorType>;
  readonly #layouts = new Map<string, Layout>();
  readonly #restored = new Map<string, string>();
  readonly #names: Set<string>;

  constructor(graph: Graph, options: SweepOptions) {
    this.graph = graph;
    this.opset = opsetOf(graph);
    this.eager = options.eager;
    this.types = new Map(graph.types);
    const outputs = graph.nodes.flatMap((node) => node.outputs);
    this.#names = new Set([...graph.types.keys(), ...graph.inputs, ...graph.initializers.keys(), ...outputs]);
    this.constants = new Constants(graph.initializers, (name, tensor) => {
      const free = this.fresh(name);
      this.types.set(free, { dtype: tensor.dtype, shape: tensor.shape });
      return free;
    });
    for (const [name, order] of options.inputs ?? []) this.#turnInput(name, order);
  }

  shape(name: string): Shape | undefined {
    return this.graph.types.get(name)?.shape;
  }

  constant(name: string): Tensor | undefined {
    return this.graph.initializers.get(name);
  }

  /** Undefined for a tensor that is held as the old graph has it. */
  moved(name: string): Layout | undefined {
    const layout = this.#layouts.get(name);
    return layout && (layout.flat || !isInOrder(layout.order)) ? layout : undefined;
  }

  /** How any tensor of known shape is held. */
  layout(name: string): Layout | undefined {
    const known = this.#layouts.get(name);
    const axes = this.shape(name);
    return known ?? (axes && { tensor: name, axes, order: axes.map((_, axis) => axis), flat: false });
  }

  hold(name: string, layout: Layout): void {
    this.#layouts.set(name, layout);
  }

  /** The tensor as the old graph has it: transposed back where it is held otherwise, once for all who ask. */
  restore(name: string): string {
    const layout = this.#layouts.get(name);
    if (!layout) return name;
    if (!layout.flat) return this.transposed(layout.tensor, layout.axes, layout.order, name);
    const key = `${layout.tensor} ${layout.axes} ${layout.order} flat`;
    const known = this.#restored.get(key);
    if (known !== undefined) return known;
    const parts = this.reshaped(layout.tensor, layout.axes);
    const turned = this.transposed(parts, layout.axes, layout.order);
    const restored = this.reshaped(turned, this.shape(name)!, name);
    this.#restored.set(key, restored);
    return restored;
  }

  /** `tensor` of the new graph, of the shape `axes`, in another order; a Reshape where no element moves. */
  transposed(tensor: string, axes: Shape, order: Order, wanted?: string): string {
    if (isInOrder(order)) return tensor;
    const key = `${tensor} ${order}`;
    const known = this.#restored.get(key);
    if (known !== undefined) return known;
    const shape = permuted(axes, order);
    const still = keepsElements(order, axes);
    const made = still
      ? this.reshaped(tensor, shape, wanted)
      : this.#transpose(tensor, shape, order, wanted ?? this.fresh(tensor));
    this.#restored.set(key, made);
    return made;
  }

  reshaped(tensor: string, shape: Shape, wanted?: string): string {
    if (String(this.types.get(tensor)?.shape) === String(shape)) return tensor;
    const output = wanted ?? this.fresh(tensor);
    this.#add(
      'Reshape',
      [tensor, this.constants.integers(`${output}/shape`, shape)],
      output,
      shape,
      tensor,
      {},
    );
    return output;
  }

  /**
   * The operand of an elementwise operator whose result of the old shape `shape` is held like `like`: it must broadcast
   * to that. Undefined where that would cost a Transpose and the sweep is not eager.
   */
  aligned(name: string, like: Layout, shape: Shape): string | undefined {
    const own = this.shape(name);
    if (!own) return undefined;
    if (sizeOf(own) === 1 && own.length <= shape.length) return this.restore(name);
    const tensor = this.constant(name);
    if (tensor) return this.constants.aligned(name, tensor, like, shape);
    const held = this.moved(name);
    if (held && sameLayout(held, like) && own.length === shape.length) return held.tensor;
    if (like.flat) return undefined;
    const axes = [...new Array<number>(shape.length - own.length).fill(1), ...own];
    const order = inverse(like.order);
    const asIs = held ? keepsElements(held.order, held.axes) && !held.flat : true;
    if (!this.eager && !(asIs && keepsElements(order, axes))) return undefined;
    const full = this.reshaped(asIs && held ? held.tensor : this.restore(name), axes);
    return this.transposed(full, axes, order);
  }

  /** Adds the old node with other operands; its outputs are held like `like`, with axes of their own shapes. */
  add(
    node: Node,
    inputs: readonly string[],
    likes: readonly Omit<Layout, 'tensor' | 'axes'>[],
    attributes = node.attributes,
  ): void {
    const outputs = node.outputs.map((name, at) => {
      const like = likes[at];
      if (name === '' || !like) return '';
      const type = knownTypeOf(this.graph.types, name);
      if (!like.flat && isInOrder(like.order)) return name;
      const tensor = this.fresh(name);
      const axes = permuted(type.shape, inverse(like.order));
      this.types.set(tensor, { ...type, shape: axes });
      this.hold(name, { ...like, tensor, axes });
      return tensor;
    });
    this.nodes.push({ ...node, inputs, outputs, attributes });
  }

  /** As `add`, for the one output of an operator that keeps a flattened tensor's shape. */
  addFlat(node: Node, inputs: readonly string[], like: Layout): void {
    const [name = ''] = node.outputs;
    const tensor = this.fresh(name);
    this.types.set(tensor, knownTypeOf(this.graph.types, name));
    this.hold(name, { ...like, tensor });
    this.nodes.push({ ...node, inputs, outputs: [tensor] });
  }

  /** Adds the old node as it is, on tensors as the old graph has them. */
  keep(node: Node): void {
    this.nodes.push({ ...node, inputs: node.inputs.map((name) => (name === '' ? '' : this.restore(name))) });
  }

  /** Makes the tensor under its own name, for those who know it by that: the graph's outputs, subgraphs. */
  pin(name: string): void {
    const tensor = this.restore(name);
    if (tensor === name) return;
    const type = this.graph.types.get(name);
    this.nodes.push({
      name: this.#nodeName('Identity', name),
      op: 'Identity',
      domain: '',
      inputs: [tensor],
      outputs: [name],
      attributes: {},
    });
    if (type) this.types.set(name, type);
    this.#layouts.delete(name);
  }

  fresh(name: string): string {
    let free = `${name}/moved`;
    while (this.#names.has(free)) free += '_';
    this.#names.add(free);
    return free;
  }

  #turnInput(name: string, order: Order): void {
    const axes = this.shape(name)!;
    const tensor = this.#transpose(name, permuted(axes, order), order, this.fresh(name));
    this.hold(name, { tensor, axes: permuted(axes, order), order: inverse(order), flat: false });
    this.#restored.set(`${tensor} ${inverse(order)}`, name);
  }

  #transpose(tensor: string, shape: Shape, order: Order, output: string): string {
    this.#add('Transpose', [tensor], output, shape, tensor, { perm: { type: 'ints', value: order } });
    return output;
  }

  #add(
    op: string,
    inputs: string[],
    output: string,
    shape: Shape,
    like: string,
    attributes: Record<string, Attribute>,
  ): void {
    const { dtype } = knownTypeOf(this.types, like);
    this.types.set(output, { dtype, shape });
    this.nodes.push({
      name: this.#nodeName(op, output),
      op,
      domain: '',
      inputs,
      outputs: [output],
      attributes,
    });
  }

  #nodeName(op: string, output: string): string {
    return `${output}/${op.toLowerCase()}`;
  }
}
