import type { Graph } from '../../../graph/graph.ts';
import type { TfjsContext } from '../context.ts';
import { Config, UnsupportedLayer } from './config.ts';
import { LAYERS, MERGERS } from './index.ts';
import { inputValue } from './inputs.ts';
import type { LayerCall, Origin } from './layer-call.ts';
import type { LayerWeights } from './layer-weights.ts';
import { keyOf } from './references.ts';
import type { Call, LayerSpec, ModelSpec } from './topology.ts';
import type { Value } from './value.ts';
import { GraphWriter } from './writer.ts';

export interface TranslationOptions {
  readonly weights: LayerWeights;
  readonly origin: Origin;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly context: TfjsContext;
}

/** Undefined where it depends on a layer that is not supported. */
type Results = readonly (Value | undefined)[];

/** Named in an error before it says how many more there are. */
const MAX_NAMED = 200;

/** Walks the calls of a model, and of those within it, and writes what each layer does. */
export class ModelTranslation {
  readonly #options: TranslationOptions;
  readonly #graph = new GraphWriter();
  readonly #problems = new Set<string>();

  constructor(options: TranslationOptions) {
    this.#options = options;
  }

  run(model: ModelSpec): Graph {
    const { shapes, context } = this.#options;
    const graph = this.#graph;
    const byName = new Map(model.layers.map((layer) => [layer.name, layer]));
    const inputs = model.inputs.map(({ layer }) => {
      const { config, className } = byName.get(layer)!;
      if (className !== 'InputLayer')
        throw context.malformed(`its input ${layer} is a ${className}, not an InputLayer`);
      const override = Object.hasOwn(shapes, layer) ? shapes[layer] : undefined;
      return inputValue(graph.fresh(layer), config, override, graph, context);
    });
    const outputs = model.outputs.map(({ layer }) => graph.fresh(layer));
    const results = this.#walk(model, inputs, [], '');
    this.#refuse();
    for (const [at, value] of results.entries()) {
      graph.node(`${outputs[at]}/output`, 'Identity', [value!.plain()], {}, { output: outputs[at]! });
    }
    return graph.graph(model.name, outputs);
  }

  #walk(model: ModelSpec, inputs: Results, path: readonly string[], prefix: string): Results {
    const { context } = this.#options;
    const made = new Map<string, Results>();
    model.inputs.forEach((ref, at) => {
      made.set(keyOf(ref), [inputs[at]]);
    });
    const find = (ref: ModelSpec['inputs'][number]) => {
      const results = made.get(keyOf(ref));
      if (!results) throw context.malformed(`nothing makes the output of the layer ${ref.layer}`);
      if (ref.tensor >= results.length) {
        throw context.malformed(
          `the layer ${ref.layer} has ${results.length} outputs, not ${ref.tensor + 1}`,
        );
      }
      return results[ref.tensor];
    };
    for (const call of model.calls) {
      const key = keyOf({ layer: call.layer.name, call: call.at });
      if (made.has(key) || call.layer.className === 'InputLayer') continue;
      const given = call.layer.calls[call.at]!.map(find);
      made.set(key, this.#call(call, given, [...path, call.layer.name], prefix));
    }
    return model.outputs.map(find);
  }

  #call({ layer, at }: Call, inputs: Results, path: readonly string[], prefix: string): Results {
    const name = `${prefix}${layer.name}${at === 0 ? '' : `/call${at + 1}`}`;
    const { inner, className } = layer;
    if (inner) {
      if (inputs.length !== inner.inputs.length) {
        const { context } = this.#options;
        throw context.malformed(
          `the model ${name} is given ${inputs.length} inputs, not ${inner.inputs.length}`,
        );
      }
      return this.#walk(inner, inputs, path, `${name}/`);
    }
    const translate = LAYERS.get(className);
    const merge = MERGERS.get(className);
    if (!translate && !merge) this.#problems.add(`${path.join('/')} (${className})`);
    const values = inputs.filter((input) => input !== undefined);
    if ((!translate && !merge) || values.length < inputs.length) return [undefined];
    const call = this.#layerCall(layer, name, path, values);
    if (values.length === 0 || (translate && values.length > 1)) {
      throw call.config.malformed(`it is called with ${values.length} inputs`);
    }
    try {
      return [translate ? translate(call, values[0]!) : merge!(call, values)];
    } catch (error) {
      if (!(error instanceof UnsupportedLayer)) throw error;
      call.refuse(error.message);
      return [undefined];
    }
  }

  #layerCall(layer: LayerSpec, name: string, path: readonly string[], inputs: readonly Value[]): LayerCall {
    const { weights, origin, context } = this.#options;
    const { className } = layer;
    const label = path.join('/');
    return {
      ...{ name, className, inputs, origin },
      layer: label,
      graph: this.#graph,
      config: new Config(layer.config, `${label} (${className})`, context),
      weight: (names, shape) => weights.take(path, typeof names === 'string' ? [names] : names, shape),
      refuse: (reason) => {
        this.#problems.add(`${label} (${className}: ${reason})`);
      },
    };
  }

  /** One error for all, so that nobody replaces one layer after another. */
  #refuse(): void {
    const problems = [...this.#problems];
    if (problems.length === 0) return;
    const named = problems.slice(0, MAX_NAMED).join(', ');
    const more = problems.length > MAX_NAMED ? ` and ${problems.length - MAX_NAMED} more` : '';
    throw this.#options.context.unsupported(`it cannot translate these layers: ${named}${more}`);
  }
}
