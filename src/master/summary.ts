import { type TopLabel, topLabels } from '../formats/labels.ts';
import type { InferenceResult } from './inference.ts';
import type { ServedModel } from './model-service.ts';
import type { StageReport } from './stage-times.ts';

/** What a person or a flow reads of a result. */
export interface InferenceSummary {
  readonly model: string;
  readonly request: string;
  /** Only for classifiers. */
  readonly top?: readonly TopLabel[];
  readonly degraded: boolean;
  readonly agents: number;
  readonly totalMs: number;
  readonly stages: readonly StageReport[];
}

export function summarize(
  { name, graph, manifest }: ServedModel,
  request: string,
  agents: number,
  result: InferenceResult,
  top = 5,
): InferenceSummary {
  const { degraded, stages, totalMs } = result;
  const summary = { model: name, request, degraded, agents, totalMs, stages };
  if (manifest?.task !== 'classification') return summary;
  const output = result.outputs.get(manifest.output?.name ?? graph.outputs[0]!);
  if (!output) return summary;
  return { ...summary, top: topLabels(output, top, manifest.labels, manifest.output?.activation) };
}
