import { VERSION } from '../wire/messages/common.ts';
import type { ModelInfo } from '../wire/messages/status.ts';
import type { ServedModel } from './served-model.ts';
import type { ModelStatus } from './versioned-model.ts';

/** The newest failures are told; a model with more has other problems. */
const MAX_TOLD = 64;

/** What others are told of a model. */
export function infoOf(status: ModelStatus): ModelInfo {
  const { name, state, version, next, model, agents, error, refused, leftOut } = status;
  const labels = model?.manifest?.labels.length;
  return {
    v: VERSION,
    model: name,
    inputs: model ? named(model, model.graph.inputs) : [],
    outputs: model ? named(model, model.graph.outputs) : [],
    pictures: model?.manifest?.input !== undefined,
    ...(labels ? { labels } : {}),
    state,
    ...(version === undefined ? {} : { version }),
    ...(next === undefined ? {} : { next }),
    agents,
    ...(error ? { error: error.toJSON() } : {}),
    refused: refused
      .slice(0, MAX_TOLD)
      .map(({ version: refusedVersion, error: why }) => ({ version: refusedVersion, error: why.toJSON() })),
    leftOut: [...leftOut].slice(0, MAX_TOLD).map(([agent, why]) => ({ agent, error: why.toJSON() })),
  };
}

function named({ graph }: ServedModel, tensors: readonly string[]) {
  // an output that has another shape in every answer has none to be told
  return tensors.flatMap((name) => {
    const type = graph.types.get(name);
    return type ? [{ name, dtype: type.dtype, shape: type.shape }] : [];
  });
}
