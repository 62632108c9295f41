import { IsobathError } from '../base/errors.ts';
import { detectedObjects } from '../formats/detection/index.ts';
import { topLabels } from '../formats/labels.ts';
import { frameOf } from '../formats/pictures/image.ts';
import type { Placement } from '../formats/pictures/placement.ts';
import type { ResultSummary } from '../wire/messages/summary.ts';
import type { InferenceResult } from './inference.ts';
import type { ServedModel } from './model-service.ts';

export interface SummaryOptions {
  /** How many of the best classes are named. Default 5. */
  readonly top?: number;
  /** Where in the input the picture lies; absent where a tensor was given. */
  readonly placement?: Placement;
}

/** What people and flows read of a result. Throws ISO_ERR_OUTPUT_MISMATCH. */
export function summarize(
  model: ServedModel,
  request: string,
  agents: number,
  result: InferenceResult,
  options: SummaryOptions = {},
): ResultSummary {
  const { degraded, wire, stages, totalMs } = result;
  const { name, version } = model;
  const stated = version === undefined ? {} : { version: version.slice(0, 128) };
  const lossy = wire ? { wire } : {};
  const summary = { model: name, ...stated, request, degraded, ...lossy, agents, totalMs, stages };
  return { ...summary, ...meaningOf(model, result, options) };
}

function meaningOf(
  { graph, manifest }: ServedModel,
  { outputs }: InferenceResult,
  { top = 5, placement }: SummaryOptions,
): Pick<ResultSummary, 'top' | 'objects'> {
  if (manifest?.task === 'classification') {
    const name = manifest.output?.name ?? graph.outputs[0]!;
    const output = outputs.get(name);
    if (!output) {
      const details = { output: name, got: 'not there', want: 'one value per class' };
      throw IsobathError.of('ISO_ERR_OUTPUT_MISMATCH', details);
    }
    return { top: topLabels(output, top, manifest.labels, manifest.output?.activation) };
  }
  if (!manifest?.detection) return {};
  const shape = (manifest.input && graph.types.get(manifest.input.name)?.shape) ?? [];
  const input = (manifest.input && frameOf(shape, manifest.input)) ?? { width: 1, height: 1 };
  const seen = { input, ...(placement ? { placement } : {}) };
  return { objects: detectedObjects(manifest.detection, outputs, manifest.labels, seen) };
}
