import { type Surveyed, surveyAll } from '../../engine/survey.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
import { wholeNumber } from '../option-values.ts';
import { type Column, table } from '../table.ts';

const COLUMNS: readonly Column[] = [
  { title: 'Engine' },
  { title: 'Version' },
  { title: 'Threads', align: 'right' },
  { title: 'GFLOP/s', align: 'right' },
];

/** `isobath engines`: what loads here, and how fast it is. */
export function enginesCommand(context: CliContext) {
  const target = command({
    name: 'engines',
    summary: 'show which engines load here, and how fast they are',
    description:
      'Loads every engine, one after another, measures it on a convolution as VGG16 and ResNet have them, and says why ' +
      'another one does not load. `engine: auto` of agents and masters takes the fastest of these.',
    examples: [
      ['isobath engines', ''],
      ['isobath engines --threads 1', 'on one core'],
      ['isobath engines --json', 'for programs'],
    ],
  });
  return target
    .option('--threads <count>', 'threads of one run; 0: one per core', wholeNumber(0, 1024), 0)
    .action(async ({ threads }: { readonly threads: number }) => {
      const { output } = context;
      output.progress('Measuring engines');
      const engines = await surveyAll(threads > 0 ? { threads } : {});
      const fastest = engines.reduce<Surveyed | undefined>(
        (best, each) => (each.loads && !(best?.loads && best.gflops >= each.gflops) ? each : best),
        undefined,
      );
      output.result({ engines, auto: fastest?.name ?? null }, () =>
        [
          table(COLUMNS, engines.map(rowOf), (line) => output.style('bold', line)),
          ...engines.flatMap((each) => (each.loads ? [] : ['', `${each.name}: ${each.reason}`])),
        ].join('\n'),
      );
    });
}

function rowOf(each: Surveyed): string[] {
  if (!each.loads) return [each.name, 'does not load'];
  const { name, version, threads, gflops } = each;
  return [name, version, String(threads), gflops.toFixed(gflops < 10 ? 1 : 0)];
}
