import type { Tensor } from '../../../tensor/tensor.ts';
import type { TfjsContext } from '../context.ts';
import { isRecord, type Json, shown } from '../json.ts';
import { type Endpoint, endpointOf, orderedNodes, readNodeList, type TfNode } from './nodes.ts';

/** A body that is called by name: a branch, the condition or body of a loop, a function of the model's author. */
export interface TfFunction {
  readonly arguments: readonly string[];
  /** Each after those that it reads. */
  readonly nodes: readonly TfNode[];
  readonly results: readonly Endpoint[];
}

/** Functions of a model by name, and the weights of all constants, those within functions too. */
export interface FunctionLibrary {
  readonly functions: ReadonlyMap<string, TfFunction>;
  readonly weights: ReadonlyMap<string, Tensor>;
}

/** The FunctionDefs of a GraphDef. Throws ISO_ERR_MODEL_MALFORMED. */
export function readFunctions({ library }: Json, context: TfjsContext): Map<string, TfFunction> {
  const list = isRecord(library) ? (library['function'] ?? []) : [];
  if (!Array.isArray(list)) throw context.malformed('its library has no list of functions');
  return new Map(list.map((json) => readFunction(json, context)));
}

function readFunction(json: unknown, context: TfjsContext): [string, TfFunction] {
  const { signature, nodeDef, ret } = isRecord(json) ? json : {};
  const { name, inputArg = [], outputArg = [] } = isRecord(signature) ? signature : {};
  if (typeof name !== 'string') throw context.malformed(`a function has the name ${shown(name)}`);
  const where = `the function ${name}`;
  const given = namesIn(inputArg, where, context);
  const placeholders = given.map((argument) => ({ name: argument, op: 'Placeholder' }));
  const nodes = readNodeList([...placeholders, ...(Array.isArray(nodeDef) ? nodeDef : [])], where, context);
  const results = namesIn(outputArg, where, context).map((output) => {
    const end = isRecord(ret) ? ret[output] : undefined;
    const endpoint = typeof end === 'string' ? endpointOf(end) : undefined;
    if (endpoint && nodes.has(endpoint.node)) return endpoint;
    throw context.malformed(`${where} returns ${shown(end)} as ${output}, which nothing makes`);
  });
  const ordered = orderedNodes(
    nodes,
    results.map((result) => result.node),
    context,
  );
  return [name, { arguments: given, nodes: ordered, results }];
}

function namesIn(list: unknown, where: string, context: TfjsContext): string[] {
  const names = Array.isArray(list) ? list.map((each) => (isRecord(each) ? each['name'] : undefined)) : [];
  if (names.every((name) => typeof name === 'string')) return names;
  throw context.malformed(`${where} has an argument or a result without a name`);
}
