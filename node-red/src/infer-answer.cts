import type { InferenceReply } from './core.cjs';

/** `auto`: classes where the model is a classifier, tensors else. */
export const RESULTS = ['auto', 'labels', 'tensors'] as const;
export type Result = (typeof RESULTS)[number];

/** What becomes `msg.payload`, and `msg.isobath`. */
export function answerOf({ outputs, summary }: InferenceReply, roundTripMs: number, wanted: Result) {
  const { model, request, degraded, agents, totalMs, stages, top } = summary;
  const facts = {
    model,
    request,
    degraded,
    agents,
    totalMs,
    roundTripMs,
    stages: stages.map((stage) => ({ ...stage, times: { ...stage.times } })),
  };
  const classes = wanted !== 'tensors' && top ? top.map((one) => ({ ...one })) : undefined;
  return { payload: classes ?? tensors(outputs), facts };
}

/** By output name: `{dtype, shape, data}`, which the infer node takes as an input, too. */
function tensors(outputs: InferenceReply['outputs']) {
  return Object.fromEntries(
    [...outputs].map(([name, { dtype, shape, data }]) => [name, { dtype, shape: [...shape], data }]),
  );
}
