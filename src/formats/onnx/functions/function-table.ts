import { LIMITS, type ReadContext } from '../context.ts';
import type { FunctionProto, NodeProto } from '../onnx_pb.ts';
import { domainOf } from '../read-node.ts';
import { isStandard, meansTheSame } from './operator-versions.ts';
import { decodeSubgraph, subgraphsOf } from './scope.ts';

/** The functions of a model, by what a call names. */
export class FunctionTable {
  readonly #functions = new Map<string, FunctionProto>();
  readonly #checked = new Set<FunctionProto>();
  readonly #opsets: Map<string, number>;
  readonly #context: ReadContext;

  /** `opsets` are the model's; domains that only a function imports are added when it is called. */
  constructor(functions: readonly FunctionProto[], opsets: Map<string, number>, context: ReadContext) {
    this.#opsets = opsets;
    this.#context = context;
    for (const each of functions) {
      const key = keyOf(each.domain, each.name, each.overload);
      if (this.#functions.has(key)) throw context.malformed(`the function ${each.name} is there twice`);
      this.#functions.set(key, each);
    }
  }

  /**
   * The function that a node calls. A function of the name of a standard operator never counts, as in onnxruntime: which of
   * the two is meant is left to the runtime by ONNX.
   */
  find(node: NodeProto): FunctionProto | undefined {
    const called = this.#functions.get(keyOf(node.domain, node.opType, node.overload));
    if (!called || (domainOf(node.domain) === '' && isStandard(node.opType, this.#opsets.get('') ?? 1)))
      return undefined;
    if (!this.#checked.has(called)) {
      this.#checked.add(called);
      this.#checkVersions(called);
    }
    return called;
  }

  /** A function imports operator sets of its own; within the model its nodes must mean the same under the model's. */
  #checkVersions(called: FunctionProto): void {
    const own = new Map(called.opsetImport.map(({ domain, version }) => [domainOf(domain), Number(version)]));
    const check = (nodes: readonly NodeProto[], depth: number) => {
      if (depth > LIMITS.nesting) {
        throw this.#context.malformed(`subgraphs are nested more than ${LIMITS.nesting} deep`);
      }
      for (const node of nodes) {
        this.#checkVersion(called, node, own);
        for (const body of node.attribute.flatMap(subgraphsOf)) {
          check(decodeSubgraph(body, this.#context).node, depth + 1);
        }
      }
    };
    check(called.node, 0);
  }

  #checkVersion(called: FunctionProto, node: NodeProto, own: ReadonlyMap<string, number>): void {
    const domain = domainOf(node.domain);
    const version = own.get(domain);
    const models = this.#opsets.get(domain);
    if (version === undefined || version === models) return;
    if (this.#functions.has(keyOf(node.domain, node.opType, node.overload))) return;
    if (models === undefined) this.#opsets.set(domain, version);
    else if (domain !== '' || !meansTheSame(node.opType, version, models)) {
      throw this.#context.unsupported(
        `the function ${called.name} is written for version ${version} of the operator set "${domain || 'ai.onnx'}", the ` +
          `model for version ${models}, and between the two ${node.opType} changed: write the function for the ` +
          `version of the model, or inline it with onnx.inliner.inline_local_functions(model, convert_version=True)`,
      );
    }
  }
}

function keyOf(domain: string, name: string, overload: string): string {
  return JSON.stringify([domainOf(domain), name, overload]);
}
