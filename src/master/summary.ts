import { topLabels } from '../formats/labels.ts';
import type { ResultSummary } from '../wire/messages/summary.ts';
import type { InferenceResult } from './inference.ts';
import type { ServedModel } from './model-service.ts';

export function summarize(
  { name, version, graph, manifest }: ServedModel,
  request: string,
  agents: number,
  result: InferenceResult,
  top = 5,
): ResultSummary {
  const { degraded, stages, totalMs } = result;
  const stated = version === undefined ? {} : { version: version.slice(0, 128) };
  const summary = { model: name, ...stated, request, degraded, agents, totalMs, stages };
  if (manifest?.task !== 'classification') return summary;
  const output = result.outputs.get(manifest.output?.name ?? graph.outputs[0]!);
  if (!output) return summary;
  return { ...summary, top: topLabels(output, top, manifest.labels, manifest.output?.activation) };
}
