import type { TfjsContext } from '../context.ts';
import { isRecord, shown } from '../json.ts';

/** An output of one call of a layer. */
export interface Ref {
  readonly layer: string;
  readonly call: number;
  readonly tensor: number;
}

export function keyOf({ layer, call }: Pick<Ref, 'layer' | 'call'>): string {
  return `${call}:${layer}`;
}

/** `["conv", 0, 0]`, with keyword arguments behind it or not. */
function refOf(json: unknown): Ref | undefined {
  if (!Array.isArray(json)) return undefined;
  const [layer, call = 0, tensor = 0] = json;
  const counts = [call, tensor].every((count) => Number.isSafeInteger(count) && count >= 0);
  return typeof layer === 'string' && counts ? { layer, call, tensor } : undefined;
}

/** A model's inputs or outputs: a list of references, only one, or (Keras 3) an object of them. */
export function refsOf(json: unknown, context: TfjsContext): Ref[] {
  const one = refOf(json);
  if (one) return [one];
  const list = isRecord(json) ? Object.values(json) : json;
  if (!Array.isArray(list) || list.length === 0) {
    throw context.malformed(`its inputs or outputs are given as ${shown(json)}`);
  }
  return list.flatMap((each) => {
    const ref = refOf(each);
    if (ref) return [ref];
    if (Array.isArray(each) && each.every((inner) => Array.isArray(inner))) return refsOf(each, context);
    throw context.malformed(`an input or output is given as ${shown(each)}`);
  });
}

/** What each call of a layer reads, in both spellings of `inbound_nodes`. */
export function callsOf(json: unknown, layer: string, context: TfjsContext): Ref[][] {
  if (json === undefined || json === null) return [];
  if (!Array.isArray(json))
    throw context.malformed(`the inbound_nodes of the layer ${layer} are ${shown(json)}`);
  return json.map((call) => {
    if (isRecord(call)) return tensorsIn(call['args'], layer, context);
    const own = refOf(call);
    if (own) return [own];
    const refs = Array.isArray(call) ? call.map(refOf) : [undefined];
    if (refs.every((ref) => ref !== undefined)) return refs;
    throw context.malformed(`the layer ${layer} is called with ${shown(call)}`);
  });
}

/** Keras 3: the tensors among the arguments, in their order, each with its `keras_history`. */
function tensorsIn(args: unknown, layer: string, context: TfjsContext, depth = 0): Ref[] {
  if (Array.isArray(args) && depth < 8)
    return args.flatMap((arg) => tensorsIn(arg, layer, context, depth + 1));
  if (!isRecord(args) || args['class_name'] !== '__keras_tensor__') return [];
  const { config } = args;
  const ref = refOf(isRecord(config) ? config['keras_history'] : undefined);
  if (ref) return [ref];
  throw context.malformed(`the layer ${layer} is called with ${shown(args)}`);
}
