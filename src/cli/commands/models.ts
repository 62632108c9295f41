import { zooEntries } from '../../zoo/zoo.ts';
import { bundledModels } from '../bundled.ts';
import { type ClientFlags, clientOptions } from '../client-options.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
import { statesText } from '../model-states.ts';
import { ZOO_PREFIX } from '../served-name.ts';
import { type Column, countText, shapeText, table } from '../table.ts';
import { withClient } from '../with-client.ts';

const ZOO_COLUMNS: readonly Column[] = [
  { title: 'Zoo' },
  { title: 'Architecture' },
  { title: 'Input' },
  { title: 'Parameters', align: 'right' },
  { title: 'MACs', align: 'right' },
];

/** `isobath models`: what can be given where a model is asked for, or what a master serves. */
export function modelsCommand(context: CliContext) {
  const target = command({
    name: 'models',
    summary: 'list the bundled models and the zoo, or what a master serves',
    description:
      'Lists what can be given where a model is asked for, besides the path of a model file. Models of the zoo have ' +
      'the architecture and the work of the published ones, with seeded filters: they are for measuring and checking. ' +
      'With --broker, shows the models of a running master instead: their versions, their states, and what failed.',
    examples: [
      ['isobath models', ''],
      ['isobath inspect zoo:vgg16', 'the layers of one of them'],
      ['isobath models --broker mqtt://gateway:1883', 'what a master serves, in which version'],
    ],
  });
  return clientOptions(target).action(async (options: ClientFlags) => {
    const { output } = context;
    if (options.broker ?? options.config) {
      const models = await withClient(context, options, (client) => client.models());
      const served = models.map(({ v: _, ...info }) => info);
      output.result({ models: served }, () => statesText(output, models));
      return;
    }
    const bundled = (await bundledModels()).map(({ name, manifest }) => ({
      name,
      task: manifest.task,
      labels: manifest.labels.length,
      license: manifest.license ?? null,
    }));
    const zoo = zooEntries().map((entry) => ({ ...entry, name: `${ZOO_PREFIX}${entry.name}` }));
    output.result({ bundled, zoo }, () => {
      const head = (line: string) => output.style('bold', line);
      const own = bundled.map(({ name, task, labels, license }) => [
        name,
        task,
        String(labels),
        license ?? '',
      ]);
      const others = zoo.map(({ name, title, input, parameters, macs }) => [
        ...[name, title, shapeText(input), countText(parameters), countText(macs)],
      ]);
      const columns: Column[] = [
        { title: 'Bundled' },
        { title: 'Task' },
        { title: 'Classes', align: 'right' },
        { title: 'License' },
      ];
      return `${table(columns, own, head)}\n\n${table(ZOO_COLUMNS, others, head)}`;
    });
  });
}
