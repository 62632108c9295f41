import { topLabels } from '../formats/labels.ts';
import type { Difference } from '../tensor/difference.ts';
import { type Bound, boundText, type Judgement, judge, type Noise } from '../tensor/judgement.ts';
import { type Precision, WIRE_TOLERANCE } from '../tensor/precision.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Output } from './output.ts';
import type { ResolvedModel } from './resolve-model.ts';
import { distributedOf } from './stage-table.ts';
import { bytesText, msText } from './table.ts';
import type { DistributedRun } from './verify-runs.ts';

type Outputs = ReadonlyMap<string, Tensor>;

/** By default, a part of the largest magnitude. */
export const DEFAULT_TOLERANCE = 1e-4;

export function toleranceOf(wire: Precision): number {
  return Math.max(DEFAULT_TOLERANCE, WIRE_TOLERANCE[wire]);
}

/** How far distributed runs are from local ones, over all inputs; `bound` is that of the first that is too far. */
export interface Comparison extends Judgement {
  /** Of classifiers: of how many inputs the most probable class is the same. */
  readonly sameTop?: number;
}

export interface Verified extends Omit<DistributedRun, 'outputs'>, Comparison {
  readonly spec: string;
  readonly inputs: number;
  readonly tolerance: number;
  /** Of one run of the whole model here. */
  readonly localMs: number;
}

export interface Pair {
  readonly got: Outputs;
  readonly wanted: Outputs;
  /** Measures what rounding does to the model on this input. */
  readonly noise: () => Promise<Noise>;
}

/** What passes: the tolerance of the user, else that of the wire or the default, or what rounding does where that is more. */
export interface VerifyBounds {
  readonly tolerance: number | undefined;
  readonly wire: Precision;
}

export async function comparisonOf(
  pairs: readonly Pair[],
  { graph, manifest }: Pick<ResolvedModel, 'graph' | 'manifest'>,
  { tolerance: stated, wire }: VerifyBounds,
): Promise<Comparison> {
  const tolerance = stated ?? toleranceOf(wire);
  const allowance = { tolerance, lossy: wire !== 'float32' };
  const judgements: Judgement[] = [];
  for (const { got, wanted, noise } of pairs) {
    const judgement = judge(got, wanted, allowance);
    // who states a tolerance wants that one
    const measured = judgement.ok || stated !== undefined ? undefined : await noise();
    judgements.push(measured ? judge(got, wanted, { ...allowance, noise: measured }) : judgement);
  }
  const most = (of: (difference: Difference) => number) => Math.max(...judgements.map(of));
  const rank = ({ ok, bound }: Judgement) => (ok ? Number(bound.kind === 'noise') : 2);
  const [worst] = judgements.toSorted((a, b) => rank(b) - rank(a));
  const found = {
    maxAbsDifference: most(({ maxAbsDifference }) => maxAbsDifference),
    maxRelativeDifference: most(({ maxRelativeDifference }) => maxRelativeDifference),
    ok: judgements.every(({ ok }) => ok),
    bound: worst?.bound ?? { output: '', kind: 'exact' as const, limit: 0, largest: 0 },
  };
  if (manifest?.task !== 'classification') return found;
  const classes = manifest.output?.name ?? graph.outputs[0]!;
  const topOf = (outputs: Outputs) => topLabels(outputs.get(classes)!, 1)[0]!.index;
  return { ...found, sameTop: pairs.filter(({ got, wanted }) => topOf(got) === topOf(wanted)).length };
}

export function verifiedDocument({ spec, stages, tolerance: _, totalMs, ...rest }: Verified) {
  const { strategy, scheme, agents, wire, inputs, localMs, ok } = rest;
  const { maxAbsDifference, maxRelativeDifference, sameTop, filterBytesSent, float32Bytes, bound } = rest;
  return {
    ...{ model: spec, strategy, scheme, wire, agents, inputs },
    ...{ stages: stages.length, distributedStages: distributedOf(stages).length },
    ...{ maxAbsDifference, maxRelativeDifference, ok, bound },
    ...(sameTop === undefined ? {} : { sameTop }),
    ...(filterBytesSent === undefined ? {} : { filterBytesSent }),
    bytes: bytesOf(stages),
    ...(float32Bytes === undefined ? {} : { float32Bytes }),
    ...{ localMs, distributedMs: totalMs },
  };
}

export function verifiedText(verified: Verified, output: Output): string {
  const { spec, stages, tolerance, ok, agents, scheme, totalMs, localMs, wire, inputs } = verified;
  const { maxAbsDifference, maxRelativeDifference, sameTop, filterBytesSent, float32Bytes, bound } = verified;
  const verdict = ok ? output.style('green', 'equal') : output.style('red', 'different');
  const distributedStages = distributedOf(stages).length;
  const wide = float32Bytes === undefined ? '' : `, as float32 ${bytesText(float32Bytes)}`;
  return [
    `${spec}: ${verdict} within ${withinText(bound, tolerance)}; largest difference ${maxAbsDifference.toExponential(2)}, ${maxRelativeDifference.toExponential(2)} of the largest magnitude`,
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

function withinText(bound: Bound, tolerance: number): string {
  return bound.kind === 'tolerance' ? `${tolerance}` : boundText(bound, tolerance);
}

function bytesOf(stages: DistributedRun['stages']): number {
  return stages.reduce((sum, { bytes }) => sum + bytes, 0);
}
