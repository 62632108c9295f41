import { create } from '@bufbuild/protobuf';
import { LIMITS, type ReadContext } from '../context.ts';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type FunctionProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  NodeProtoSchema,
} from '../onnx_pb.ts';
import { FreshNames } from './fresh-names.ts';
import { FunctionTable } from './function-table.ts';
import { decodeSubgraph, encodeSubgraph, nodeInScope, type Scope, subgraphsOf } from './scope.ts';

/**
 * The model's graph with the calls of its own functions replaced by their bodies, in subgraphs, too: no engine but
 * onnxruntime knows functions, and what is inside one call could not be cut. `opsets` gets the domains that only functions
 * import. Throws ISO_ERR_MODEL_MALFORMED, _UNSUPPORTED and _TOO_LARGE.
 */
export function inlineFunctions(
  model: ModelProto,
  graph: GraphProto,
  opsets: Map<string, number>,
  context: ReadContext,
): GraphProto {
  if (model.functions.length === 0) return graph;
  const table = new FunctionTable(model.functions, opsets, context);
  const inliner = new Inliner(table, new FreshNames(graph, context), context);
  return inliner.graph(graph, []);
}

class Inliner {
  readonly #table: FunctionTable;
  readonly #names: FreshNames;
  readonly #context: ReadContext;

  constructor(table: FunctionTable, names: FreshNames, context: ReadContext) {
    this.#table = table;
    this.#names = names;
    this.#context = context;
  }

  graph(graph: GraphProto, calls: readonly FunctionProto[], depth = 0): GraphProto {
    return { ...graph, node: this.#nodes(graph.node, calls, depth) };
  }

  /** `calls` are the functions that the nodes are the body of, the innermost last. */
  #nodes(nodes: readonly NodeProto[], calls: readonly FunctionProto[], depth: number): NodeProto[] {
    return nodes.flatMap((node) => {
      const called = this.#table.find(node);
      if (!called) return [this.#withSubgraphs(node, calls, depth)];
      if (calls.includes(called)) throw this.#context.malformed(`the function ${called.name} calls itself`);
      if (calls.length >= LIMITS.functionNesting) {
        throw this.#context.unsupported(
          `functions call one another more than ${LIMITS.functionNesting} deep`,
        );
      }
      return this.#nodes(this.#body(called, node), [...calls, called], depth);
    });
  }

  #withSubgraphs(node: NodeProto, calls: readonly FunctionProto[], depth: number): NodeProto {
    const isPlain = (each: AttributeProto) => subgraphsOf(each).length === 0;
    if (node.attribute.every(isPlain)) return node;
    if (depth > LIMITS.nesting) {
      throw this.#context.malformed(`subgraphs are nested more than ${LIMITS.nesting} deep`);
    }
    const inner = (bytes: Uint8Array) =>
      encodeSubgraph(this.graph(decodeSubgraph(bytes, this.#context), calls, depth + 1));
    const attribute = node.attribute.map((each) =>
      isPlain(each)
        ? each
        : create(AttributeProtoSchema, {
            ...each,
            ...(each.g && { g: inner(each.g) }),
            graphs: each.graphs.map(inner),
          }),
    );
    return create(NodeProtoSchema, { ...node, attribute });
  }

  /** The function's nodes, on the tensors of the call. */
  #body(called: FunctionProto, call: NodeProto): NodeProto[] {
    const prefix = call.name || call.output.find((name) => name !== '') || called.name;
    const names = this.#callNames(called, call, prefix);
    const scope: Scope = {
      names,
      attribute: (name) => [...call.attribute, ...called.attributeProto].find((each) => each.name === name),
      fresh: (name) => this.#names.fresh(name),
      unknown: (name) =>
        this.#context.malformed(`the function ${called.name} reads ${name}, which nothing in it makes`),
      context: this.#context,
    };
    const nodes = called.node.map((node) => nodeInScope(node, prefix, scope));
    return [...nodes, ...copies(called, call, names)];
  }

  /** What the names of the body are in the model: those of the call, or fresh ones. */
  #callNames(called: FunctionProto, call: NodeProto, prefix: string): Map<string, string> {
    if (call.input.length > called.input.length || call.output.length > called.output.length) {
      throw this.#context.malformed(`the node ${call.name} gives the function ${called.name} too many names`);
    }
    const names = new Map(called.input.map((name, at) => [name, call.input[at] ?? '']));
    for (const [at, name] of called.output.entries()) {
      const given = call.output[at] ?? '';
      if (given !== '' && !names.has(name)) names.set(name, given);
    }
    for (const name of called.node.flatMap((node) => node.output)) {
      if (name !== '' && !names.has(name)) names.set(name, this.#names.fresh(`${prefix}/${name}`));
    }
    return names;
  }
}

/** An output that is an input, or another output, passed on: the call's name for it needs a node of its own. */
function copies(called: FunctionProto, call: NodeProto, names: ReadonlyMap<string, string>): NodeProto[] {
  return called.output.flatMap((name, at) => {
    const given = call.output[at] ?? '';
    const made = names.get(name) ?? '';
    if (given === '' || given === made || made === '') return [];
    return [create(NodeProtoSchema, { opType: 'Identity', input: [made], output: [given] })];
  });
}
