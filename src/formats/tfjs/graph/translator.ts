import type { GraphBuilder } from './builder.ts';
import type { FunctionLibrary } from './functions.ts';
import type { Endpoint, TfNode } from './nodes.ts';
import { Operation, Untranslatable } from './operation.ts';
import { TRANSLATIONS } from './ops/index.ts';

/** A function holds what cannot be translated, which is named already. */
class Refused extends Error {}

/** Functions that call functions; TensorFlow allows no recursion. */
const MAX_CALLS_DEEP = 32;
/** Of one model, in all of its functions as often as they are called: loops are written out. */
const MAX_CALLED_NODES = 200_000;

/** Translates node after node, and goes on after one that it cannot, so that all of them can be named at once. */
export class Translator {
  readonly #builder: GraphBuilder;
  readonly #library: FunctionLibrary;
  readonly #calls: { readonly depth: number; readonly nodes: { count: number } };
  readonly #tensors = new Map<string, readonly string[]>();
  readonly #operations = new Map<string, Operation>();
  readonly #refusals: string[] = [];

  /** `calls` is how deep in functions it works, and what all functions together came to. */
  constructor(
    builder: GraphBuilder,
    library: FunctionLibrary,
    calls: { readonly depth: number; readonly nodes: { count: number } } = { depth: 0, nodes: { count: 0 } },
  ) {
    this.#builder = builder;
    this.#library = library;
    this.#calls = calls;
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
    const call = (called: string, given: readonly string[]) => this.#call(called, given);
    const operation = new Operation(node, this.#builder, inputs, makers, call);
    try {
      this.#tensors.set(name, translation(operation));
      this.#operations.set(name, operation);
    } catch (error) {
      if (error instanceof Refused) return;
      if (!(error instanceof Untranslatable)) throw error;
      this.#refusals.push(`${name} (${op}: it ${error.message})`);
    }
  }

  /** The body of a function in the place of its call. What it cannot translate is refused under its own name. */
  #call(name: string, given: readonly string[]): string[] {
    const called = this.#library.functions.get(name);
    if (!called) throw new Untranslatable(`calls the function ${name}, which is not there`);
    const { depth, nodes } = this.#calls;
    nodes.count += called.nodes.length;
    if (depth >= MAX_CALLS_DEEP) throw new Untranslatable(`calls functions more than ${MAX_CALLS_DEEP} deep`);
    if (nodes.count > MAX_CALLED_NODES)
      throw new Untranslatable(`needs more than ${MAX_CALLED_NODES} nodes when its loops are written out`);
    const body = new Translator(this.#builder, this.#library, { depth: depth + 1, nodes });
    called.arguments.forEach((argument, at) => {
      const tensor = given[at];
      if (tensor !== undefined) body.set(argument, [tensor]);
    });
    for (const { name: constant, op } of called.nodes) {
      const weight = op === 'Const' ? this.#library.weights.get(constant) : undefined;
      if (weight) body.set(constant, [this.#builder.constant(constant, weight)]);
    }
    body.translate(called.nodes);
    const results = called.results.map((result) => body.tensor(result));
    this.#refusals.push(...body.refusals().map((refusal) => `${name}/${refusal}`));
    if (results.every((result) => result !== undefined)) return results;
    throw new Refused();
  }
}
