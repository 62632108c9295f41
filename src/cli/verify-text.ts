import { topLabels } from '../formats/labels.ts';
import { type Difference, differenceOf } from '../tensor/difference.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Output } from './output.ts';
import type { ResolvedModel } from './resolve-model.ts';
import { distributedOf } from './stage-table.ts';
import { bytesText, msText } from './table.ts';
import type { DistributedRun } from './verify-runs.ts';

type Outputs = ReadonlyMap<string, Tensor>;

/** How far distributed runs are from local ones, over all inputs. */
export interface Comparison extends Difference {
  /** Of classifiers: of how many inputs the most probable class is the same. */
  readonly sameTop?: number;
}

export interface Verified extends Omit<DistributedRun, 'outputs'>, Comparison {
  readonly spec: string;
  readonly inputs: number;
  readonly tolerance: number;
  readonly ok: boolean;
  /** Of one run of the whole model here. */
  readonly localMs: number;
}

export interface Pair {
  readonly got: Outputs;
  readonly wanted: Outputs;
}

export function comparisonOf(
  pairs: readonly Pair[],
  { graph, manifest }: Pick<ResolvedModel, 'graph' | 'manifest'>,
): Comparison {
  const differences = pairs.map(({ got, wanted }) => differenceOf(got, wanted));
  const most = (of: (difference: Difference) => number) => Math.max(...differences.map(of));
  const found = {
    maxAbsDifference: most(({ maxAbsDifference }) => maxAbsDifference),
    maxRelativeDifference: most(({ maxRelativeDifference }) => maxRelativeDifference),
  };
  if (manifest?.task !== 'classification') return found;
  const classes = manifest.output?.name ?? graph.outputs[0]!;
  const topOf = (outputs: Outputs) => topLabels(outputs.get(classes)!, 1)[0]!.index;
  return { ...found, sameTop: pairs.filter(({ got, wanted }) => topOf(got) === topOf(wanted)).length };
}

export function verifiedDocument({ spec, stages, tolerance: _, totalMs, ...rest }: Verified) {
  const { strategy, scheme, agents, wire, inputs, localMs, ok } = rest;
  const { maxAbsDifference, maxRelativeDifference, sameTop, filterBytesSent, float32Bytes } = rest;
  return {
    ...{ model: spec, strategy, scheme, wire, agents, inputs },
    ...{ stages: stages.length, distributedStages: distributedOf(stages).length },
    ...{ maxAbsDifference, maxRelativeDifference, ok },
    ...(sameTop === undefined ? {} : { sameTop }),
    ...(filterBytesSent === undefined ? {} : { filterBytesSent }),
    bytes: bytesOf(stages),
    ...(float32Bytes === undefined ? {} : { float32Bytes }),
    ...{ localMs, distributedMs: totalMs },
  };
}

export function verifiedText(verified: Verified, output: Output): string {
  const { spec, stages, tolerance, ok, agents, scheme, totalMs, localMs, wire, inputs } = verified;
  const { maxAbsDifference, maxRelativeDifference, sameTop, filterBytesSent, float32Bytes } = verified;
  const verdict = ok ? output.style('green', 'equal') : output.style('red', 'different');
  const distributedStages = distributedOf(stages).length;
  const wide = float32Bytes === undefined ? '' : `, as float32 ${bytesText(float32Bytes)}`;
  return [
    `${spec}: ${verdict} within ${tolerance}; largest difference ${maxAbsDifference.toExponential(2)}, ${maxRelativeDifference.toExponential(2)} of the largest magnitude`,
    `${distributedStages} of ${stages.length} stages on ${agents} agents${scheme ? `, ${scheme}` : ''}: ${msText(totalMs)} ms; here: ${msText(localMs)} ms`,
    ...(wire === 'float32'
      ? []
      : [`Feature maps as ${wire}: ${bytesText(bytesOf(stages))} an inference${wide}`]),
    ...(sameTop === undefined
      ? []
      : [`The most probable class is the same for ${sameTop} of ${inputs} inputs`]),
    ...(filterBytesSent === undefined ? [] : [`${bytesText(filterBytesSent)} of programs and filters sent`]),
  ].join('\n');
}

function bytesOf(stages: DistributedRun['stages']): number {
  return stages.reduce((sum, { bytes }) => sum + bytes, 0);
}
