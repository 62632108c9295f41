import type { SeenPlan } from './seen.ts';

/** What the bench prints: one for each number of agents and rate of links. */
export interface FogbedDocument {
  readonly model: string;
  readonly agents: number;
  /** Of the master, then of the agents, where they differ. */
  readonly cpu: number | readonly number[];
  readonly link: string;
  readonly masterLink: string;
  readonly medium: 'cables' | 'shared';
  /** Added by relays to each way of each agent's connection. */
  readonly latencyMs?: number;
  readonly baselineMs: number;
  readonly baseline: Spread & { readonly runs: number };
  readonly boundMs: number;
  readonly bound: { readonly computeMs: number; readonly linkMs: number };
  /** Links as the master measured them, alone and all together, before the first plan. */
  readonly calibrated: {
    readonly links: readonly {
      readonly agent: string;
      readonly toAgent: CalibratedWay;
      readonly fromAgent: CalibratedWay;
    }[];
    readonly masterPort?: { readonly outMbit: number; readonly inMbit: number };
    readonly sharedMediumMbit?: number;
  };
  readonly strategies: readonly (MeasuredStrategy | FailedStrategy)[];
}

export interface CalibratedWay {
  /** For each message. */
  readonly alphaMs: number;
  readonly mbit: number;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The paper's five terms in milliseconds, each summed over the stages, of the shard of each stage that ended last. */
export interface Terms {
  readonly partition: number;
  readonly transmit: number;
  readonly edge: number;
  readonly receive: number;
  readonly join: number;
}

export interface MeasuredStrategy {
  readonly strategy: string;
  readonly wire: string;
  /** The strategy that planned the same before it: what follows was measured with that one. */
  readonly sameAs?: string;
  readonly runs: number;
  /** At the client, from the request to the answer. */
  readonly latencyMs: Spread;
  /** Of the same inferences at the master, without the client's input and output. */
  readonly masterMs: Spread;
  /** The baseline's median over that of `latencyMs`. */
  readonly speedup: number;
  /** With `inFlight` inferences under way at a time. */
  readonly framesPerSecond: number;
  readonly inFlight: number;
  readonly predictedMs: number;
  /** How often it changed by what the master learnt, and whether it stayed the same while it was measured. */
  readonly plan: { readonly changes: number; readonly settled: boolean };
  /** Of feature maps, as the master counts them: without messages' heads, and a shared region once. */
  readonly bytes: number;
  /** That really passed the master's cable for one inference, with the heads of all layers. */
  readonly cableBytes: number;
  readonly perTerm: Terms;
  /** Of a whole processor, for one inference: times the inverse of a device's share of it, the time that its work alone takes. */
  readonly cpuMs: { readonly master: number; readonly agents: readonly number[] };
  /** Largest of all outputs' distances from the whole model, as a share of the output's largest magnitude. */
  readonly difference: number;
  readonly degraded: number;
  /** Medians of the runs beside what was predicted. */
  readonly stages: readonly (SeenPlan['stages'][number] & {
    readonly measuredMs: number;
    readonly bytes: number;
    readonly perTerm: Terms;
  })[];
}

/** One that could not be planned, deployed or run. */
export interface FailedStrategy {
  readonly strategy: string;
  readonly wire: string;
  readonly error: string;
}
