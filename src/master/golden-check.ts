import type { Engine } from '../engine/engine.ts';
import { noiseOf } from '../engine/noise.ts';
import { checkGolden } from '../repository/golden.ts';
import type { Deployment } from './deployment.ts';
import type { ServedModel } from './served-model.ts';

/**
 * The canary: the plan as it is deployed must give the golden outputs; a deployment that does not is stopped. What rounding
 * does to the model is measured on the master's `engine`. Throws ISO_ERR_GOLDEN_MISMATCH, and what an inference throws.
 */
export async function checkDeployment(
  model: ServedModel,
  deployment: Deployment,
  engine: Engine,
): Promise<void> {
  try {
    await checkGolden(
      model,
      async (inputs, at) => (await deployment.infer(`golden-${at}`, inputs)).outputs,
      (inputs) => noiseOf(engine, model.graph, inputs),
    );
  } catch (error) {
    await deployment.stop();
    throw error;
  }
}
