import type { GraphBuilder } from './builder.ts';
import type { Endpoint, TfNode } from './nodes.ts';
import { Operation, Untranslatable } from './operation.ts';
import { TRANSLATIONS } from './ops/index.ts';

/** Translates node after node, and goes on after one that it cannot, so that all of them can be named at once. */
export class Translator {
  readonly #builder: GraphBuilder;
  readonly #tensors = new Map<string, readonly string[]>();
  readonly #operations = new Map<string, Operation>();
  readonly #refusals: string[] = [];

  constructor(builder: GraphBuilder) {
    this.#builder = builder;
  }

  /** What the node's outputs are in our graph. */
  set(node: string, tensors: readonly string[]): void {
    this.#tensors.set(node, tensors);
  }

  /** Undefined where the node could not be translated. */
  tensor({ node, output }: Endpoint): string | undefined {
    const tensor = this.#tensors.get(node)?.[output];
    if (tensor === undefined && this.#tensors.has(node)) {
      this.#refusals.push(`${node}:${output} (an output that is not there)`);
    }
    return tensor;
  }

  /** `nodes` in the order in which they depend on one another. */
  translate(nodes: readonly TfNode[]): void {
    for (const node of nodes) if (!this.#tensors.has(node.name)) this.#translate(node);
  }

  /** "name (operator)", and why where the operator itself is known. */
  refusals(): readonly string[] {
    return [...new Set(this.#refusals)];
  }

  #translate(node: TfNode): void {
    const { name, op } = node;
    const translation = TRANSLATIONS.get(op);
    if (!translation) {
      this.#refusals.push(`${name} (${op})`);
      return;
    }
    const inputs = node.inputs.map((input) => this.tensor(input));
    // What depends on a node that was refused is not wrong itself.
    if (!inputs.every((input) => input !== undefined)) return;
    const makers = node.inputs.map((input) => this.#operations.get(input.node));
    const operation = new Operation(node, this.#builder, inputs, makers);
    try {
      this.#tensors.set(name, translation(operation));
      this.#operations.set(name, operation);
    } catch (error) {
      if (!(error instanceof Untranslatable)) throw error;
      this.#refusals.push(`${name} (${op}: it ${error.message})`);
    }
  }
}
