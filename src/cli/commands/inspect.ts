import { firstEngine } from '../../engine/choice.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
import { endsText, layerTable, namedTypes, totalsText } from '../layer-table.ts';
import { layersOf, totalsOf } from '../layers.ts';
import { type Shapes, shape } from '../option-values.ts';
import { resolveModel } from '../resolve-model.ts';

/** `isobath inspect`: what a model is made of, and how it can be cut. */
export function inspectCommand(context: CliContext) {
  const target = command({
    name: 'inspect',
    summary: 'show the layers of a model and how they can be cut',
    description:
      'Shows every layer with its shapes, multiply-accumulates, filter bytes and depth, and the schemes that can cut ' +
      'it. The model is shown as it is deployed: constants folded, BatchNormalization merged into the filters.',
    examples: [
      ['isobath inspect zoo:resnet50', ''],
      ['isobath inspect model.onnx --shape image=1,3,224,224', 'a model that leaves its input size open'],
      ['isobath inspect street --json', 'everything, for programs'],
    ],
  });
  return target
    .argument('<model>', 'bundled name, zoo:NAME, or path of a model')
    .option('--shape <input=extents>', 'size of an open input, as image=1,3,224,224', shape)
    .action(async (spec: string, options: { readonly shape?: Shapes }) => {
      const { output, lifetime } = context;
      const engine = await firstEngine();
      lifetime.defer(() => engine.stop());
      output.progress(`Reading ${spec}`);
      const { graph, manifest } = await resolveModel(spec, {
        engine,
        ...(options.shape ? { shapes: options.shape } : {}),
      });
      const layers = layersOf(graph);
      const totals = totalsOf(graph, layers);
      const ends = { inputs: namedTypes(graph, graph.inputs), outputs: namedTypes(graph, graph.outputs) };
      const { task = null, labels = [] } = manifest ?? {};
      output.result({ model: spec, task, labels: labels.length, ...ends, totals, layers }, () =>
        [layerTable(output, layers), '', endsText(ends), totalsText(totals)].join('\n'),
      );
    });
}
