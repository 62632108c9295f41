import type { Graph } from '../../../graph/graph.ts';
import type { Tensor, TensorType } from '../../../tensor/tensor.ts';
import { closedShape } from '../../open-dimensions.ts';
import type { TfjsContext, TfjsOptions } from '../context.ts';
import type { ModelJson } from '../model-json.ts';
import { readWeights } from '../weights.ts';
import { GraphBuilder } from './builder.ts';
import { readFunctions } from './functions.ts';
import { orderedNodes, readNodes, type TfNode } from './nodes.ts';
import { type Port, signatureOf } from './signature.ts';
import { Translator } from './translator.ts';

/**
 * A graph model (a GraphDef of TensorFlow, converted) as a graph. Inputs and outputs have the names of the model's
 * signature and TensorFlow's layout; in between, Transposes stand around what is NCHW here, which `simplify` removes.
 * Throws ISO_ERR_MODEL_MALFORMED, ISO_ERR_MODEL_UNSUPPORTED with every node that cannot be translated,
 * ISO_ERR_MODEL_DYNAMIC_SHAPE, ISO_ERR_INPUT_MISMATCH, ISO_ERR_SHAPE_INVALID and what `readWeights` throws.
 */
export function readGraphModel(model: ModelJson, options: TfjsOptions): Graph {
  const { context, json, topology, weightsManifest } = model;
  const nodes = readNodes(topology, context);
  const { inputs, outputs } = signatureOf(json, nodes, context);
  const ends = [...outputs, ...inputs].map(({ endpoint }) => endpoint.node);
  const ordered = orderedNodes(nodes, ends, context);
  const names = [...inputs, ...outputs].map(({ name }) => name);
  const builder = new GraphBuilder(names);
  const weights = readWeights(weightsManifest, context);
  const functions = readFunctions(topology, context);
  const translator = new Translator(builder, { functions, weights });
  for (const input of inputs) {
    const node = nodes.get(input.endpoint.node)!;
    translator.set(node.name, [builder.input(input.name, inputType(input, node, options, context))]);
  }
  addWeights(ordered, weights, builder, translator, context);
  translator.translate(ordered);
  const made = new Map(outputs.map(({ name, endpoint }) => [name, translator.tensor(endpoint)]));
  const refused = translator.refusals();
  if (refused.length > 0) throw context.unsupported(inWords(refused));
  const inputNames = inputs.map(({ name }) => name);
  const twice = [...made.keys()].find((name) => inputNames.includes(name));
  if (twice !== undefined) throw context.malformed(`${twice} is an input and an output`);
  return builder.build(inputNames.join(', '), inputNames, made as Map<string, string>);
}

/** All of them, as long as the list can be read. */
function inWords(refused: readonly string[]): string {
  const shown = refused.slice(0, 100);
  const more = refused.length - shown.length;
  const count = refused.length === 1 ? 'this node' : `these ${refused.length} nodes`;
  return `it cannot translate ${count}: ${shown.join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}

function inputType(
  { name, dimensions }: Port,
  node: TfNode,
  options: TfjsOptions,
  context: TfjsContext,
): TensorType {
  const dtype = node.attributes.dtype('dtype');
  if (!dtype) throw context.unsupported(`the input ${name} is not a tensor of numbers`);
  const { shapes = {} } = options;
  const override = Object.hasOwn(shapes, name) ? shapes[name] : undefined;
  return { dtype, shape: closedShape(name, node.attributes.shape('shape') ?? dimensions, override) };
}

function addWeights(
  nodes: readonly TfNode[],
  weights: ReadonlyMap<string, Tensor>,
  builder: GraphBuilder,
  translator: Translator,
  context: TfjsContext,
): void {
  for (const { name, op } of nodes) {
    if (op !== 'Const') continue;
    const tensor = weights.get(name);
    if (!tensor) throw context.malformed(`the constant ${name} has no weight in the weightsManifest`);
    translator.set(name, [builder.constant(name, tensor)]);
  }
}
