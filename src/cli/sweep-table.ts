import type { SweptModel, SweptRun } from '../simulation/sweep.ts';
import type { Precision } from '../tensor/precision.ts';
import type { Output } from './output.ts';
import { bytesText, type Column, countText, msText, table } from './table.ts';

/** A model's speedup over n, a table for each link; with several inferences, latency and throughput besides. */
export function sweepText(
  swept: SweptModel,
  { agents, links, strategies, wire }: Axes,
  inferences: number,
  output: Output,
) {
  const { model, localMs, macs, filterBytes } = swept;
  const bold = (line: string) => output.style('bold', line);
  const what = `${countText(macs)} MACs, ${bytesText(filterBytes)} of filters`;
  return [
    bold(
      `${model}: ${what}, ${msText(localMs)} ms at the master alone${inferences > 1 ? ', as the median of these requests' : ''}`,
    ),
    ...links.flatMap((link) => {
      const of = (strategy: string, n: number) =>
        swept.runs.find((run) => run.strategy === strategy && run.link === link && run.agents === n)!;
      const columns: Column[] = [
        { title: 'Speedup' },
        ...agents.map((n): Column => ({ title: `n = ${n}`, align: 'right' })),
      ];
      const rows = strategies.map((strategy) => [strategy, ...agents.map((n) => cell(of(strategy, n)))]);
      const under = inferences > 1 ? ['', requestTable(strategies.map((s) => of(s, agents.at(-1)!)))] : [];
      const over = wire === 'float32' ? '' : `, feature maps as ${wire}`;
      return ['', `Links: ${link}${over}`, table(columns, rows, bold), ...under];
    }),
  ].join('\n');
}

interface Axes {
  readonly agents: readonly number[];
  readonly links: readonly string[];
  readonly strategies: readonly string[];
  readonly wire: Precision;
}

function cell({ outcome }: SweptRun): string {
  return outcome ? outcome.speedup.toFixed(2) : 'too large';
}

const REQUESTS: readonly Column[] = [
  { title: 'Largest n' },
  ...['p50 ms', 'p90 ms', 'p99 ms', 'per s', 'at most', 'Degraded'].map(
    (title): Column => ({ title, align: 'right' }),
  ),
  { title: 'Busiest' },
];

function requestTable(runs: readonly SweptRun[]): string {
  const rows = runs.flatMap(({ strategy, outcome }) => {
    if (!outcome) return [];
    const { latencyMs, throughput, throughputBound, degraded, busiest } = outcome;
    const { p50, p90, p99 } = latencyMs;
    const share = `${Math.round(100 * busiest.utilization)} %`;
    return [
      [
        ...[strategy, ...[p50, p90, p99].map(msText), throughput.toFixed(2), throughputBound.toFixed(2)],
        ...[String(degraded), `${busiest.resource}, ${share}`],
      ],
    ];
  });
  return table(REQUESTS, rows);
}
