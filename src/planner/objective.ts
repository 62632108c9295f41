/** What a plan makes best: the seconds of one inference, or how many of them end in a second. */
export const OBJECTIVES = ['latency', 'throughput'] as const;
export type Objective = (typeof OBJECTIVES)[number];
