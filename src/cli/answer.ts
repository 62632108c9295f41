import type { ResultSummary } from '../wire/messages/summary.ts';
import type { Output } from './output.ts';
import { msText, table } from './table.ts';

/** An answer for people: the classes, or the outputs' types where the model is no classifier, and what it took. */
export function answerText(output: Output, summary: ResultSummary, outputs: readonly string[]): string {
  const { top, agents, stages, totalMs, degraded } = summary;
  const rows = (top ?? []).map(({ label, probability }) => [`${(probability * 100).toFixed(2)} %`, label]);
  const classes = table([{ title: 'Probability', align: 'right' }, { title: 'Class' }], rows, (line) =>
    output.style('bold', line),
  );
  const where =
    stages.length === 0
      ? 'here, as a whole'
      : `in ${stages.length} stages on ${agents} ${agents === 1 ? 'agent' : 'agents'} and the master`;
  return [
    ...(top ? [classes] : outputs),
    '',
    `${msText(totalMs)} ms ${where}${degraded ? output.style('yellow', '; not all shards ran where they were planned') : ''}`,
  ].join('\n');
}
