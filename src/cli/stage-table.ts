import type { StageReport } from '../master/stage-times.ts';
import { bytesText, type Column, msText, table } from './table.ts';

const COLUMNS: readonly Column[] = [
  { title: 'Layer' },
  { title: 'Scheme' },
  ...['Shards', 'Bytes', 'T_part', 'T_tx', 'T_edge', 'T_rx', 'T_join', 'Total ms'].map(
    (title): Column => ({ title, align: 'right' }),
  ),
];

/** One line per layer, with the paper's five terms in milliseconds, of the shard that ended last. */
export function stageTable(stages: readonly StageReport[], head: (line: string) => string): string {
  const rows = stages.map(({ name, scheme, shards, bytes, times, totalMs }) => [
    name,
    scheme,
    String(shards),
    scheme === 'local' ? '' : bytesText(bytes),
    ...[times.partitionMs, times.transmitMs, times.edgeMs, times.receiveMs, times.joinMs, totalMs].map(
      msText,
    ),
  ]);
  return table(COLUMNS, rows, head);
}

export function distributedOf(stages: readonly StageReport[]): StageReport[] {
  return stages.filter(({ scheme }) => scheme !== 'local');
}
