import type { IsobathError } from '../base/errors.ts';
import type { ExplainedLayer, ExplainedPlan, ExplainedStage } from './explain.ts';

/** A strategy and its plan, or why there is none. */
export type Planned =
  | { readonly strategy: string; readonly explained: ExplainedPlan }
  | { readonly strategy: string; readonly error: IsobathError };

const ms = (seconds: number) => seconds * 1000;

export type PlanDocument = ReturnType<typeof planDocument>;

/** A plan as `--json` shows it, and as the master explains it. */
export function planDocument({ plan, stages, speedup, bytes, messages, maxFilterBytes }: ExplainedPlan) {
  return {
    strategy: plan.strategy,
    wire: plan.wire,
    predictedMs: ms(plan.predictedSeconds),
    throughputMs: ms(plan.throughputSeconds),
    speedup,
    bytes,
    messages,
    maxFilterBytes,
    stages: stages.map(stageDocument),
  };
}

export function plannedDocument(planned: Planned) {
  const { strategy } = planned;
  return 'error' in planned
    ? { strategy, error: planned.error.toJSON() }
    : { ...planDocument(planned.explained), strategy };
}

function stageDocument({ stage, layers, localSeconds, agents, speedup, reason, ...rest }: ExplainedStage) {
  const { name, scheme, nodes, cost } = stage;
  const { partition, transmit, edge, receive, join } = cost.terms;
  return {
    name,
    scheme,
    nodes: nodes.map((node) => node.name),
    agents,
    masterComputes: rest.masterComputes,
    localMs: ms(localSeconds),
    predictedMs: ms(cost.seconds),
    speedup,
    times: {
      partitionMs: ms(partition),
      transmitMs: ms(transmit),
      edgeMs: ms(edge),
      receiveMs: ms(receive),
      joinMs: ms(join),
    },
    bytes: cost.bytes,
    exchangedBytes: cost.exchangedBytes,
    messages: cost.messages,
    filterBytes: Object.fromEntries(cost.perWorker.map(({ worker, filterBytes }) => [worker, filterBytes])),
    layers: layers.map(layerDocument),
    reason,
  };
}

function layerDocument({ node, macs, localSeconds, paper, alternative }: ExplainedLayer) {
  const cut = alternative?.cut;
  return {
    name: node.name,
    op: node.op,
    macs,
    localMs: ms(localSeconds),
    paper: paper
      ? {
          bound: paper.bound,
          distribute: paper.distribute,
          fastEnough: paper.fastEnough,
          deepEnough: paper.deepEnough,
        }
      : null,
    alternative: cut
      ? {
          scheme: cut.scheme.name,
          workers: cut.cost.perWorker.map(({ worker }) => worker),
          localMs: ms(alternative.localSeconds),
          predictedMs: ms(cut.cost.seconds),
        }
      : null,
  };
}
