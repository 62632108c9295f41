import type { SweptModel, SweptRun } from '../sweep.ts';
import { decisionsPlot } from './decisions-plot.ts';
import { depthOf, depthPlot } from './depth-plot.ts';
import type { SweepDocument } from './document.ts';
import { findings, runTable } from './findings.ts';
import { behind, htmlTable } from './html-table.ts';
import { legend, STRATEGY_MEANS, TERM_NAMES } from './legend.ts';
import { type LinePanels, linePanels } from './line-panels.ts';
import { escaped } from './svg.ts';
import { termsPlot } from './terms-plot.ts';
import { figure, largeNumber, megabytes, times, timeText } from './texts.ts';

/** Everything that the report says of one model. */
export function modelSection(document: SweepDocument, swept: SweptModel, anchor: string): string {
  const { strategies } = document;
  const strategy = strategies.includes('auto') ? 'auto' : strategies[0]!;
  const { model, macs, filterBytes, layers, localMs } = swept;
  const many = document.simulation.inferences !== 1;
  const what = `${layers.length} layers that compute, ${largeNumber(macs)} MACs, ${megabytes(filterBytes)} of filters; ${timeText(localMs)} at the master alone${many ? ', as the median of these requests' : ''}.`;
  return [
    `<section><h2 id="${anchor}">${escaped(model)}</h2><p class="soft">${what}</p>`,
    `<div class="facts">${findings(document, swept, strategy)}</div>`,
    speedupSection(document, swept),
    document.simulation.inferences === 1 ? '' : throughputSection(document, swept),
    termsSection(document, swept, strategy),
    decisionsSection(document, swept, strategy),
    depthSection(document, swept),
    '</section>',
  ].join('\n');
}

function overAgents(
  { links, strategies, agents }: SweepDocument,
  { runs }: SweptModel,
  of: (run: SweptRun) => number | undefined,
): Pick<LinePanels, 'agents' | 'panels'> {
  const valueAt = (link: string, strategy: string) => (n: number) => {
    const run = runs.find((each) => each.link === link && each.strategy === strategy && each.agents === n);
    return run && of(run);
  };
  const panels = links.map((link) => ({
    title: link,
    series: strategies.map((strategy) => ({ strategy, values: agents.map(valueAt(link, strategy)) })),
  }));
  return { agents, panels };
}

function speedupSection(document: SweepDocument, swept: SweptModel): string {
  const entries = document.strategies.map((name) => {
    const means = STRATEGY_MEANS[name];
    return { name, ...(means ? { means } : {}) };
  });
  const plot = linePanels({
    label: `Speedup of ${swept.model} over the number of agents, by strategy, for each link`,
    unit: 'speedup over the master alone',
    ...overAgents(document, swept, ({ outcome }) => outcome?.speedup),
    ratio: true,
    show: times,
  });
  return [
    '<h3>Speedup over the number of agents</h3>',
    '<p>Both axes double from mark to mark. Below the broken line a plan is slower than the master alone. Points below 1/32 lie at the edge.</p>',
    legend('strategy', entries),
    plot,
    behind('All runs', runTable(swept.runs, document.simulation.inferences !== 1)),
  ].join('\n');
}

function throughputSection(document: SweepDocument, swept: SweptModel): string {
  const plot = linePanels({
    label: `Inferences of ${swept.model} per second over the number of agents`,
    unit: 'inferences per second',
    ...overAgents(document, swept, ({ outcome }) => outcome?.throughput),
    ratio: false,
    show: figure,
  });
  return `<h3>Throughput over the number of agents</h3><p>All inferences, from the first request to the last end.</p>${plot}`;
}

function termsSection({ links, agents }: SweepDocument, { runs }: SweptModel, strategy: string): string {
  const own = runs.filter((run) => run.strategy === strategy);
  const lost = own.some(({ outcome }) => (outcome?.termsMs.retry ?? 0) > 0);
  const terms = Object.keys(TERM_NAMES).filter((term) => term !== 'retry' || lost);
  const entries = terms.map((term) => ({ name: TERM_NAMES[term]!, paint: term, means: TERM_MEANS[term]! }));
  const rows = own.flatMap(({ link, agents: n, outcome }) =>
    outcome ? [[link, String(n), ...terms.map((term) => timeText(outcome.termsMs[term as 'edge']))]] : [],
  );
  return [
    `<h3>Where the time goes: ${escaped(strategy)}</h3>`,
    `<p>The paper's five terms, summed over the stages, each of the shard that ended last. Above each bar the latency of one inference, which is shorter than the sum where stages overlap.</p>`,
    legend('term', entries),
    agents.length > 0 ? termsPlot(links, own) : '',
    behind('All terms', htmlTable(['Link', 'n', ...terms.map((term) => TERM_NAMES[term]!)], rows)),
  ].join('\n');
}

const TERM_MEANS: Readonly<Record<string, string>> = {
  local: 'computing stages that are not distributed',
  partition: 'slicing, until the first byte leaves',
  transmit: 'IFM to the agents',
  edge: 'computing a shard',
  receive: 'OFM to the master',
  join: 'placing and summing',
  retry: 'waiting for what was lost',
};

function decisionsSection({ links }: SweepDocument, { runs, layers }: SweptModel, strategy: string): string {
  const own = runs.filter((run) => run.strategy === strategy);
  const used = new Set(own.flatMap(({ outcome }) => outcome?.stages.map(({ scheme }) => scheme) ?? []));
  const order = Object.keys(SCHEME_MEANS).filter((scheme) => used.has(scheme));
  const entries = order.map((name) => ({ name, means: SCHEME_MEANS[name]! }));
  const rows = own.flatMap(({ link, agents, outcome }) =>
    (outcome?.stages ?? [])
      .filter(({ scheme }) => scheme !== 'local')
      .map(({ name, scheme, workers, simulatedMs }) => [
        name,
        link,
        String(agents),
        scheme,
        String(workers),
        timeText(simulatedMs),
      ]),
  );
  return [
    `<h3>Layer by layer: ${escaped(strategy)}</h3>`,
    '<p>Which scheme each layer gets, and over how many workers (the master is one where it takes a share). Layers that one stage fuses are one field.</p>',
    legend('scheme', entries),
    decisionsPlot(layers, links, own),
    behind('All distributed stages', htmlTable(['Stage', 'Link', 'n', 'Scheme', 'Workers', 'Time'], rows)),
  ].join('\n');
}

const SCHEME_MEANS: Readonly<Record<string, string>> = {
  local: 'at the master',
  'input-depth': 'IFM channels cut, OFMs summed',
  'output-depth': 'filters cut, OFMs placed',
  'depth-grid': 'both',
  'depth-chain': 'output depth, then input depth',
  rows: 'strips of rows',
  columns: 'strips of columns',
  tiles: 'blocks',
  branches: 'branches side by side',
  replica: 'whole, on one agent',
};

function depthSection({ links }: SweepDocument, { depth }: SweptModel): string {
  if (depth.points.length === 0) return '';
  const entries = links.map((link, at) => ({ name: link, paint: at }));
  const rows = depth.points.map((point) => {
    const { layer, link, inputDepth, outputDepth, planeElements, bound, boundWithoutAlpha, speedup, scheme } =
      point;
    const of = [
      layer,
      link,
      String(inputDepth),
      String(outputDepth),
      String(planeElements),
      figure(depthOf(point)),
    ];
    return [
      ...of,
      times(bound),
      times(boundWithoutAlpha),
      speedup === null ? '' : times(speedup),
      scheme ?? '',
    ];
  });
  const head = [
    'Layer',
    'Link',
    'c',
    'f',
    'M',
    'Depth',
    'S_max',
    'S_max, α = 0',
    `Speedup on ${depth.agents}`,
    'Scheme',
  ];
  return [
    '<h3>Depth against speedup</h3>',
    '<p>Each layer by itself, cut along its depth. The deeper a layer, the more arithmetic for each plane that moves: the speedup grows with depth, as the paper found. S_max sends each plane as a message of its own, so on small planes it drowns in α; without α it counts every plane once. On the right is what the schemes really move, in messages of up to 512 KiB. Circles are convolutions, diamonds are 1 x 1, squares fully connected. Points below 0.01 lie at the edge.</p>',
    legend('link', entries),
    depthPlot(depth.points, links, depth.agents),
    behind('All layers', htmlTable(head, rows)),
  ].join('\n');
}
