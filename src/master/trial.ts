import { type Graph, inputTypeOf } from '../graph/graph.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Deployment } from './deployment.ts';
import type { Fleet } from './fleet.ts';

/**
 * Agents that lately ran no shard in time are tried, by an inference on zeros, before requests depend on them. False where
 * one failed again: it has left the fleet, and the next plan is due already.
 */
export async function passesTrial(deployment: Deployment, graph: Graph, fleet: Fleet): Promise<boolean> {
  if (!deployment.agents.some((agent) => fleet.isOnProbation(agent))) return true;
  const zeros = graph.inputs.map((name) => {
    const { dtype, shape } = inputTypeOf(graph, name);
    return [name, Tensor.zeros(dtype, shape)] as const;
  });
  // what zeros do to the model itself is no agent's fault
  await deployment.infer('trial', new Map(zeros)).catch(() => undefined);
  return deployment.agents.every((agent) => fleet.has(agent));
}
