import { bytesInWords } from '../base/in-words.ts';
import type { ExplainedLayer, ExplainedPlan, ExplainedStage } from '../planner/explain.ts';
import type { Planned } from '../planner/plan-document.ts';
import type { Output } from './output.ts';
import { type Column, msText, table } from './table.ts';

const right = (title: string): Column => ({ title, align: 'right' });

const LAYER_COLUMNS: readonly Column[] = [
  right('Stage'),
  { title: 'Layer' },
  ...['Local ms', 'S_max'].map(right),
  { title: 'Paper' },
  { title: 'Scheme' },
  ...['On', 'T_part', 'T_tx', 'T_edge', 'T_rx', 'T_join', 'Total ms', 'Bytes', 'Speedup'].map(right),
];

/** One line per layer; those of one stage lie below each other, the first with what the stage costs. Then the reasons. */
export function planText({ stages }: ExplainedPlan, output: Output): string {
  const rows = stages.flatMap((stage) => stageRows(stage));
  const reasons = stages.map(({ stage, reason }) => `${stage.index + 1}  ${stage.name}: ${reason}`);
  return [table(LAYER_COLUMNS, rows, (line) => output.style('bold', line)), '', ...reasons].join('\n');
}

function stageRows({ stage, layers, localSeconds, agents, speedup, ...rest }: ExplainedStage): string[][] {
  const { scheme, cost, index } = stage;
  const { partition, transmit, edge, receive, join } = cost.terms;
  const local = agents.length === 0;
  const times = [partition, transmit, edge, receive, join, cost.seconds].map((each) => msText(1000 * each));
  const on = local ? '' : `${agents.length}${rest.masterComputes ? '+1' : ''}`;
  const costs = [scheme, on, ...(local ? ['', '', times[2]!, '', '', times[5]!] : times)];
  const travel = local ? [] : [bytesInWords(cost.bytes), speedup.toFixed(2)];
  const head = [String(index + 1), `${stage.name}${stage.nodes.length > 1 ? ' ...' : ''}`];
  const [only, ...others] = layers;
  if (only && others.length === 0) {
    return [
      [head[0]!, only.node.name, msText(1000 * localSeconds), ...paperCells(only), ...costs, ...travel],
    ];
  }
  const first = [...head, msText(1000 * localSeconds), '', '', ...costs, ...travel];
  return [
    first,
    ...layers.map((layer) => [
      '',
      `  ${layer.node.name}`,
      msText(1000 * layer.localSeconds),
      ...paperCells(layer),
    ]),
  ];
}

function paperCells({ paper }: ExplainedLayer): string[] {
  if (!paper) return ['', ''];
  const decision = paper.distribute ? 'cut' : paper.fastEnough ? 'too few channels' : 'local';
  return [paper.bound.toFixed(2), decision];
}

const STRATEGY_COLUMNS: readonly Column[] = [
  { title: 'Strategy' },
  ...['Total ms', 'Speedup', 'ms per frame', 'Bytes', 'Messages', 'Most filters', 'Stages', 'Cut'].map(right),
];

/** One line per strategy. */
export function compareText(planned: readonly Planned[], output: Output): string {
  const rows = planned.map((each) => {
    if ('error' in each) return [each.strategy, each.error.code];
    const { plan, stages, speedup, bytes, messages, maxFilterBytes } = each.explained;
    return [
      each.strategy,
      msText(1000 * plan.predictedSeconds),
      speedup.toFixed(2),
      msText(1000 * plan.throughputSeconds),
      bytesInWords(bytes),
      String(messages),
      bytesInWords(maxFilterBytes),
      String(stages.length),
      String(stages.filter(({ agents }) => agents.length > 0).length),
    ];
  });
  const errors = planned.flatMap((each) =>
    'error' in each ? [`${each.strategy}: ${each.error.code}: ${each.error.message}`] : [],
  );
  const lines = table(STRATEGY_COLUMNS, rows, (line) => output.style('bold', line));
  return [lines, ...(errors.length > 0 ? ['', ...errors] : [])].join('\n');
}
