import type { Node } from '../../../graph/graph.ts';
import { sortNodes } from '../../../graph/sort.ts';
import type { TfjsContext } from '../context.ts';
import { fieldOf, isRecord, type Json, shown } from '../json.ts';
import { callsOf, keyOf, type Ref, refsOf } from './references.ts';

/** A layer as the file has it, with every call of it in the model that it belongs to. */
export interface LayerSpec {
  readonly name: string;
  readonly className: string;
  readonly config: Json;
  readonly calls: readonly (readonly Ref[])[];
  /** The layers of a layer that is a model itself. */
  readonly inner?: ModelSpec;
}

/** One call of a layer. */
export interface Call {
  readonly layer: LayerSpec;
  readonly at: number;
}

export interface ModelSpec {
  readonly name: string;
  readonly layers: readonly LayerSpec[];
  /** Every call, each after those whose results it reads. */
  readonly calls: readonly Call[];
  readonly inputs: readonly Ref[];
  readonly outputs: readonly Ref[];
}

const MODELS = ['Sequential', 'Functional', 'Model'];
const MAX_NESTING = 16;
const MAX_LAYERS = 100_000;

/** The one or more layers of a Sequential, Functional or Model. Throws ISO_ERR_MODEL_MALFORMED. */
export function readTopology(json: Json, context: TfjsContext, depth = 0): ModelSpec {
  if (depth > MAX_NESTING) throw context.malformed(`models are nested more than ${MAX_NESTING} levels deep`);
  const { class_name: className, config } = json;
  // Before Keras 2.2.3 the config of a Sequential was the list of its layers.
  const frame: Json = Array.isArray(config) ? { layers: config } : isRecord(config) ? config : {};
  const { layers: given, name: named } = frame;
  if (!Array.isArray(given)) throw context.malformed(`its ${shown(className)} has no list of layers`);
  if (given.length > MAX_LAYERS) throw context.malformed(`it has more than ${MAX_LAYERS} layers`);
  const name = typeof named === 'string' ? named : 'model';
  const layers = given.map((layer, at) => readLayer(layer, `layer ${at} of ${name}`, context, depth));
  const twice = duplicate(layers.map((layer) => layer.name));
  if (twice !== undefined) throw context.malformed(`the layer ${twice} is there twice in ${name}`);
  if (className === 'Sequential') return sequential(name, frame, layers, context);
  const inputs = refsOf(frame['input_layers'], context);
  const outputs = refsOf(frame['output_layers'], context);
  return ordered({ name, layers, inputs, outputs }, context);
}

function readLayer(json: unknown, where: string, context: TfjsContext, depth: number): LayerSpec {
  const {
    class_name: className,
    config: given,
    name: own,
    inbound_nodes: inbound,
  } = isRecord(json) ? json : {};
  if (typeof className !== 'string') throw context.malformed(`${where} has the class ${shown(className)}`);
  const config: Json = isRecord(given) ? given : {};
  const name = own ?? config['name'] ?? (Array.isArray(given) ? className.toLowerCase() : undefined);
  if (typeof name !== 'string' || name === '')
    throw context.malformed(`${where} has the name ${shown(name)}`);
  const inner = MODELS.includes(className) ? readTopology(json as Json, context, depth + 1) : undefined;
  return { name, className, config, calls: callsOf(inbound, name, context), ...(inner ? { inner } : {}) };
}

function duplicate(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name).size);
}

/** Each layer reads the one before; what the first reads may be said by itself, by the model, or only by a caller. */
function sequential(name: string, frame: Json, given: readonly LayerSpec[], context: TfjsContext): ModelSpec {
  const [first] = given;
  if (!first) throw context.malformed(`the Sequential ${name} has no layers`);
  const layers: LayerSpec[] = [];
  if (first.className !== 'InputLayer') {
    const shape =
      fieldOf(first.config, 'batch_input_shape') ??
      fieldOf(first.config, 'batch_shape') ??
      fieldOf(frame, 'build_input_shape') ??
      null;
    // A model that comes first knows its own input, and tfjs keeps that input's name, however deep it lies.
    let input = first.inner?.inputs[0]?.layer ?? `${first.name}_input`;
    while (given.some((layer) => layer.name === input)) input += '_';
    const dtype = fieldOf(first.config, 'dtype') ?? 'float32';
    const config = { name: input, dtype, batch_shape: shape ?? innerShape(first) };
    layers.push({ name: input, className: 'InputLayer', config, calls: [[]] });
  }
  for (const layer of given) {
    const before = layers.at(-1);
    layers.push({ ...layer, calls: [before ? [{ layer: before.name, call: 0, tensor: 0 }] : []] });
  }
  const end = (layer: LayerSpec): Ref[] => [{ layer: layer.name, call: 0, tensor: 0 }];
  return ordered({ name, layers, inputs: end(layers[0]!), outputs: end(layers.at(-1)!) }, context);
}

function innerShape({ inner }: LayerSpec): unknown {
  const entry = inner?.layers.find((layer) => layer.name === inner.inputs[0]?.layer);
  return entry && (fieldOf(entry.config, 'batch_input_shape') ?? fieldOf(entry.config, 'batch_shape'));
}

/** Puts calls in order, and counts them from 0: a nested model's own construction may count as its call 0. */
function ordered(model: Omit<ModelSpec, 'calls'>, context: TfjsContext): ModelSpec {
  const byName = new Map(model.layers.map((layer) => [layer.name, layer]));
  const skipped = new Map<string, number>();
  const all = [...model.outputs, ...model.inputs, ...model.layers.flatMap(({ calls }) => calls.flat())];
  for (const { layer, call } of all) {
    const calls = byName.get(layer)?.calls.length;
    if (calls === undefined)
      throw context.malformed(`${model.name} reads the layer ${layer}, which it does not have`);
    const least = Math.max(skipped.get(layer) ?? 0, call - Math.max(1, calls) + 1);
    if (least > 1)
      throw context.malformed(
        `${model.name} reads call ${call} of the layer ${layer}, which is called ${calls} times`,
      );
    skipped.set(layer, least);
  }
  const counted = (ref: Ref): Ref => ({ ...ref, call: ref.call - skipped.get(ref.layer)! });
  const layers = model.layers.map((layer) => ({
    ...layer,
    // An input layer has no inbound nodes.
    calls:
      layer.calls.length === 0 && layer.className === 'InputLayer'
        ? [[]]
        : layer.calls.map((refs) => refs.map(counted)),
  }));
  const made = new Map<Node, Call>();
  for (const layer of layers) {
    for (const [at, refs] of layer.calls.entries()) made.set(nodeOf(layer.name, at, refs), { layer, at });
  }
  const { nodes, cyclic } = sortNodes([...made.keys()]);
  if (cyclic) throw context.malformed(`the layer ${cyclic.op} depends on its own output`);
  const calls = nodes.map((node) => made.get(node)!);
  return {
    name: model.name,
    layers,
    calls,
    inputs: model.inputs.map(counted),
    outputs: model.outputs.map(counted),
  };
}

/** A call as what `sortNodes` sorts. */
function nodeOf(layer: string, at: number, refs: readonly Ref[]): Node {
  const inputs = refs.map(keyOf);
  return {
    name: layer,
    op: layer,
    domain: '',
    inputs,
    outputs: [keyOf({ layer, call: at })],
    attributes: {},
  };
}
