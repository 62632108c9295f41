import { table } from '../../src/cli/table.ts';
import { figure, megabytes, times, timeText } from '../../src/simulation/report/texts.ts';
import type { FogbedDocument } from './document.ts';

/** One fog as a table for people. */
export function fogbedText(document: FogbedDocument): string {
  const { model, agents, link, baseline, boundMs, strategies } = document;
  const head = `${model} on ${agents} agents, ${link}: ${timeText(baseline.median)} on one device (${timeText(baseline.min)} to ${timeText(baseline.max)}), bound ${timeText(boundMs)}`;
  const columns = [
    ...['Strategy', 'Wire'].map((title) => ({ title })),
    ...['Latency', 'from', 'to', 'Speedup', 'Frames/s', 'Predicted', 'Moved', 'Difference'].map((title) => ({
      title,
      align: 'right' as const,
    })),
  ];
  const rows = strategies.map((each) => {
    if ('error' in each) return [each.strategy, each.wire, each.error];
    const { strategy, wire, latencyMs, speedup, framesPerSecond, predictedMs, bytes, difference } = each;
    const spread = [latencyMs.median, latencyMs.min, latencyMs.max].map(timeText);
    const rest = [figure(framesPerSecond), timeText(predictedMs), megabytes(bytes), figure(difference)];
    return [strategy, wire, ...spread, times(speedup), ...rest];
  });
  return `${head}\n${table(columns, rows, (line) => line)}\n`;
}
