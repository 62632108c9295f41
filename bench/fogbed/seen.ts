import type { SummaryStage } from '../../src/wire/messages/summary.ts';

/** One inference as its client saw it. */
export interface SeenInference {
  /** From the request to the answer, at the client. */
  readonly latencyMs: number;
  /** Of the master: without the way of input and output between client and master. */
  readonly masterMs: number;
  readonly stages: readonly SummaryStage[];
  readonly degraded: boolean;
  /** Largest distance from the whole model, as a share of the output's largest magnitude. */
  readonly difference: number;
}

/** The plan that serves, as the master explains it. */
export interface SeenPlan {
  readonly deployment: string;
  readonly strategy: string;
  readonly localMs: number;
  readonly predictedMs: number;
  readonly bytes: number;
  readonly stages: readonly {
    readonly name: string;
    readonly scheme: string;
    readonly agents: number;
    readonly masterComputes: boolean;
    readonly predictedMs: number;
  }[];
}
