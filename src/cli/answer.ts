import type { ResultSummary } from '../wire/messages/summary.ts';
import type { Output } from './output.ts';
import { msText, table } from './table.ts';

/** An answer for people: the classes, or the outputs' types where the model is no classifier, and what it took. */
export function answerText(output: Output, summary: ResultSummary, outputs: readonly string[]): string {
  const { top, objects, agents, stages, totalMs, degraded, wire } = summary;
  const rows = (top ?? []).map(({ label, probability }) => [`${(probability * 100).toFixed(2)} %`, label]);
  const classes = table([{ title: 'Probability', align: 'right' }, { title: 'Class' }], rows, (line) =>
    output.style('bold', line),
  );
  const where =
    stages.length === 0
      ? 'here, as a whole'
      : `in ${stages.length} stages on ${agents} ${agents === 1 ? 'agent' : 'agents'} and the master`;
  return [
    ...(top ? [classes] : objects ? found(objects) : outputs),
    '',
    `${msText(totalMs)} ms ${where}${wire ? `, feature maps as ${wire}` : ''}${degraded ? output.style('yellow', '; not all shards ran where they were planned') : ''}`,
  ].join('\n');
}

/** As in `person 0.93 [12.0, 40.5, 64.0, 128.0]`: left, top, width and height in pixels. */
function found(objects: NonNullable<ResultSummary['objects']>): string[] {
  if (objects.length === 0) return ['Nothing was found.'];
  return objects.map(objectText);
}

export function objectText({ label, score, box }: NonNullable<ResultSummary['objects']>[number]): string {
  return `${label} ${score.toFixed(2)} [${box.map((value) => value.toFixed(1)).join(', ')}]`;
}
