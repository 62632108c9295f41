import type { InferenceReply } from './core.cjs';

/** `auto`: classes of a classifier, objects of a detection model, tensors else. */
export const RESULTS = ['auto', 'labels', 'tensors'] as const;
export type Result = (typeof RESULTS)[number];

/** What becomes `msg.payload`, and `msg.isobath`. */
export function answerOf({ outputs, summary }: InferenceReply, roundTripMs: number, wanted: Result) {
  const { model, version, request, degraded, agents, totalMs, stages, top, objects } = summary;
  const facts = {
    model,
    ...(version === undefined ? {} : { version }),
    request,
    degraded,
    agents,
    totalMs,
    roundTripMs,
    stages: stages.map((stage) => ({ ...stage, times: { ...stage.times } })),
  };
  const readable = wanted === 'tensors' ? undefined : (top ?? objects)?.map((one) => ({ ...one }));
  return { payload: readable ?? tensors(outputs), facts };
}

/** By output name: `{dtype, shape, data}`, which the infer node takes as an input, too. */
function tensors(outputs: InferenceReply['outputs']) {
  return Object.fromEntries(
    [...outputs].map(([name, { dtype, shape, data }]) => [name, { dtype, shape: [...shape], data }]),
  );
}
