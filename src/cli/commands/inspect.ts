import { firstEngine } from '../../engine/choice.ts';
import type { Graph } from '../../graph/graph.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type Layer, layersOf, totalFilterBytes } from '../layers.ts';
import { type Shapes, shape } from '../option-values.ts';
import { resolveModel } from '../resolve-model.ts';
import { bytesText, type Column, countText, shapeText, table } from '../table.ts';

const COLUMNS: readonly Column[] = [
  { title: 'Layer' },
  { title: 'Operator' },
  { title: 'Input' },
  { title: 'Output' },
  { title: 'MACs', align: 'right' },
  { title: 'Filters', align: 'right' },
  { title: 'Depth', align: 'right' },
  { title: 'Schemes that fit' },
];

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
    .argument('<model>', 'bundled name, zoo:NAME or path of an .onnx file')
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
      const totals = {
        layers: layers.length,
        macs: layers.reduce((sum, { macs }) => sum + macs, 0),
        filterBytes: totalFilterBytes(graph),
      };
      const ends = { inputs: named(graph, graph.inputs), outputs: named(graph, graph.outputs) };
      const { task = null, labels = [] } = manifest ?? {};
      output.result({ model: spec, task, labels: labels.length, ...ends, totals, layers }, () =>
        [
          table(COLUMNS, layers.map(rowOf), (line) => output.style('bold', line)),
          '',
          ...ends.inputs.map(({ name, dtype, shape }) => `Input   ${name}: ${dtype} ${shapeText(shape)}`),
          ...ends.outputs.map(({ name, dtype, shape }) => `Output  ${name}: ${dtype} ${shapeText(shape)}`),
          `Total   ${totals.layers} layers, ${countText(totals.macs)} MACs, ${bytesText(totals.filterBytes)} of filters`,
        ].join('\n'),
      );
    });
}

function named(graph: Graph, tensors: readonly string[]) {
  return tensors.map((name) => ({ name, ...graph.types.get(name)! }));
}

function rowOf({ name, op, inputs, output, macs, filterBytes, depth, schemes }: Layer): string[] {
  return [
    ...[name, op, inputs.map(shapeText).join(' '), output ? shapeText(output) : '?'],
    macs === 0 ? '' : countText(macs),
    filterBytes === 0 ? '' : bytesText(filterBytes),
    depth ? `${depth.input} > ${depth.output}` : '',
    schemes.join(', '),
  ];
}
