import type { Graph } from '../graph/graph.ts';
import { checkGolden } from '../repository/golden.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Deployment } from './deployment.ts';
import type { Fleet } from './fleet.ts';
import type { ServedModel } from './served-model.ts';

/** The canary: the plan as it is deployed must give the golden outputs; else it is stopped. Throws ISO_ERR_GOLDEN_MISMATCH. */
export async function verifyGolden(deployment: Deployment, model: ServedModel): Promise<void> {
  try {
    await checkGolden(model, async (inputs, at) => {
      return (await deployment.infer(`golden-${at}`, inputs)).outputs;
    });
  } catch (error) {
    await deployment.stop();
    throw error;
  }
}

/**
 * Agents that lately ran no shard in time are tried, by an inference on zeros, before requests depend on them. False where
 * one failed again: it has left the fleet, and the next plan is due already.
 */
export async function passesTrial(deployment: Deployment, graph: Graph, fleet: Fleet): Promise<boolean> {
  if (!deployment.agents.some((agent) => fleet.isOnProbation(agent))) return true;
  const zeros = graph.inputs.map((name) => {
    const { dtype, shape } = graph.types.get(name)!;
    return [name, Tensor.zeros(dtype, shape)] as const;
  });
  // what zeros do to the model itself is no agent's fault
  await deployment.infer('trial', new Map(zeros)).catch(() => undefined);
  return deployment.agents.every((agent) => fleet.has(agent));
}
