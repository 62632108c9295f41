import { behind, htmlTable } from '../../src/simulation/report/html-table.ts';
import { legend, STRATEGY_MEANS, TERM_NAMES } from '../../src/simulation/report/legend.ts';
import { linePanels } from '../../src/simulation/report/line-panels.ts';
import { STYLE } from '../../src/simulation/report/style.ts';
import { escaped } from '../../src/simulation/report/svg.ts';
import { type TermsRun, termsPlot } from '../../src/simulation/report/terms-plot.ts';
import { figure, megabytes, times, timeText } from '../../src/simulation/report/texts.ts';
import type { FogbedDocument, MeasuredStrategy } from './document.ts';

/** A sweep as one HTML page that needs nothing else. */
export function fogbedPage(documents: readonly FogbedDocument[]): string {
  const models = distinct(documents.map(({ model }) => model));
  const title = `${models.join(', ')}: measured on an emulated fog`;
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escaped(title)}</title><style>${STYLE}</style></head><body>`,
    `<h1>${escaped(title)}</h1>`,
    `<p class="soft">${escaped(about(documents[0]!))}</p>`,
    ...models.map((model) => modelSection(documents.filter((each) => each.model === model))),
    '<p class="soft">Made by <code>npm run bench:fogbed</code>. docs/performance.md says how the fog is built, and how fine its grain is.</p>',
    '</body></html>\n',
  ].join('\n');
}

function about({ cpu, medium, masterLink, latencyMs }: FogbedDocument): string {
  const shares = [cpu].flat().map((share) => `${figure(100 * share)} %`);
  const devices =
    shares.length === 1
      ? `Each device has ${shares[0]} of one core`
      : `Of one core, the master has ${shares[0]}, the agents ${shares.slice(1).join(', ')} (the last one: all further ones)`;
  const links = medium === 'shared' ? 'Links are an air that all share' : 'Links are cables of one rate';
  const later = latencyMs === undefined ? '' : `, and ${latencyMs} ms longer each way`;
  return `${devices}. ${links}${later}; the master's is ${masterLink}. Medians. The baseline is the whole model in onnxruntime on one such device, measured between the strategies.`;
}

function modelSection(documents: readonly FogbedDocument[]): string {
  const wires = distinct(documents.flatMap(({ strategies }) => strategies.map(({ wire }) => wire)));
  return [
    `<section><h2>${escaped(documents[0]!.model)}</h2>`,
    ...wires.map((wire) => wireSection(documents, wire)),
    behind('All figures', runsTable(documents), stagesTable(documents)),
    '</section>',
  ].join('\n');
}

function wireSection(documents: readonly FogbedDocument[], wire: string): string {
  const agents = distinct(documents.map((each) => each.agents)).sort((a, b) => a - b);
  const links = distinct(documents.map(({ link }) => link));
  const names = distinct(documents.flatMap(({ strategies }) => strategies.map(({ strategy }) => strategy)));
  const found = (link: string, n: number, name: string) =>
    documents
      .find((each) => each.link === link && each.agents === n)
      ?.strategies.find((each): each is MeasuredStrategy => isOf(each, name, wire));
  const panelsOf = (of: (measured: MeasuredStrategy) => number) =>
    links.map((link) => ({
      title: link,
      series: names.map((strategy) => ({
        strategy,
        values: agents.map((n) => {
          const measured = found(link, n, strategy);
          return measured && of(measured);
        }),
      })),
    }));
  const { model } = documents[0]!;
  const shown = names.includes('auto') ? 'auto' : names[0]!;
  const bars = links.flatMap((link) =>
    agents.map((n): TermsRun => {
      const measured = found(link, n, shown);
      const outcome = measured && { termsMs: termsOf(measured), simulatedMs: measured.latencyMs.median };
      return { link, agents: n, ...(outcome ? { outcome } : {}) };
    }),
  );
  const terms = Object.entries(TERM_NAMES).filter(([term]) => term !== 'retry');
  return [
    `<h3>Speedup over one device, ${escaped(wire)} on the wire</h3>`,
    legend(
      'strategy',
      names.map((name) => ({ name, ...(STRATEGY_MEANS[name] ? { means: STRATEGY_MEANS[name] } : {}) })),
    ),
    linePanels({
      label: `Speedup of ${model} over the number of agents, by strategy, for each link`,
      unit: 'speedup over one device',
      ...{ agents, panels: panelsOf(({ speedup }) => speedup), ratio: true, show: times },
    }),
    '<h3>Frames per second</h3>',
    linePanels({
      label: `Inferences of ${model} per second over the number of agents`,
      unit: 'inferences per second',
      ...{ agents, panels: panelsOf(({ framesPerSecond }) => framesPerSecond), ratio: false, show: figure },
    }),
    `<h3>Where the time goes: ${escaped(shown)}</h3>`,
    "<p>The paper's five terms, summed over the stages, each of the shard that ended last. Above each bar the latency at the client.</p>",
    legend(
      'term',
      terms.map(([paint, name]) => ({ name, paint })),
    ),
    termsPlot(links, bars),
  ].join('\n');
}

/** Computing at the master alone is told apart, as in the report of a simulation. */
function termsOf({ perTerm, stages }: MeasuredStrategy) {
  const local = stages
    .filter(({ scheme }) => scheme === 'local')
    .reduce((sum, stage) => sum + stage.perTerm.edge, 0);
  return { ...perTerm, local, edge: Math.max(0, perTerm.edge - local), retry: 0 };
}

function runsTable(documents: readonly FogbedDocument[]): string {
  const head = [
    ...['Strategy', 'Wire', 'Link', 'n', 'Baseline', 'Bound', 'Latency', 'from', 'to'],
    ...['Speedup', 'Frames per s', 'Predicted', 'Feature maps', "Over the master's cable"],
  ];
  const rows = documents.flatMap(({ link, agents, baselineMs, boundMs, strategies }) =>
    strategies.map((each) => {
      const cell = [each.strategy, each.wire, link, String(agents), timeText(baselineMs), timeText(boundMs)];
      if ('error' in each) return [...cell, each.error];
      const { latencyMs, speedup, framesPerSecond, predictedMs, bytes, cableBytes } = each;
      const spread = [latencyMs.median, latencyMs.min, latencyMs.max].map(timeText);
      const rest = [
        times(speedup),
        figure(framesPerSecond),
        timeText(predictedMs),
        ...[bytes, cableBytes].map(megabytes),
      ];
      return [...cell, ...spread, ...rest];
    }),
  );
  return htmlTable(head, rows);
}

function stagesTable(documents: readonly FogbedDocument[]): string {
  const head = ['Stage', 'Strategy', 'Wire', 'Link', 'n', 'Scheme', 'Predicted', 'Measured', 'Bytes'];
  const rows = documents.flatMap(({ link, agents, strategies }) =>
    strategies.flatMap((each) =>
      'error' in each
        ? []
        : each.stages.map(({ name, scheme, predictedMs, measuredMs, bytes }) => [
            ...[name, each.strategy, each.wire, link, String(agents), scheme],
            ...[timeText(predictedMs), timeText(measuredMs), megabytes(bytes)],
          ]),
    ),
  );
  return htmlTable(head, rows);
}

function isOf(each: FogbedDocument['strategies'][number], name: string, wire: string): boolean {
  return each.strategy === name && each.wire === wire && !('error' in each);
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
