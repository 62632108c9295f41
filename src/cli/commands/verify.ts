import { IsobathError } from '../../base/errors.ts';
import { STRATEGY_NAMES } from '../../planner/strategies.ts';
import { WIRE_TOLERANCE } from '../../tensor/precision.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { clientOptions, hasBroker } from '../client-options.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
import { commandEngine, engineOption } from '../engine.ts';
import { inputsFor } from '../model-input.ts';
import { byteSize, positiveNumber, several, shape, wholeNumber } from '../option-values.ts';
import { resolveModel } from '../resolve-model.ts';
import { runLocally } from '../run-locally.ts';
import { checkStrategy } from '../served-models.ts';
import { runOnFleet, runThroughMaster, type VerifyFlags } from '../verify-runs.ts';
import { comparisonOf, type Pair, verifiedDocument, verifiedText } from '../verify-text.ts';
import { wireOption } from '../wire-option.ts';

const DEFAULT_TOLERANCE = 1e-4;

/** `isobath verify`: the distributed result against the whole model run here. */
export function verifyCommand(context: CliContext) {
  const target = command({
    name: 'verify',
    summary: 'compare a distributed run with a local one',
    description:
      'Runs a model distributed over agents and whole on this machine, and compares every element of every output. ' +
      'Without --broker, it starts agents of its own on free ports of this machine. Exits with 1 where the difference ' +
      `is above the tolerance, by default ${DEFAULT_TOLERANCE} of the output's largest magnitude.`,
    examples: [
      ['isobath verify zoo:vgg16 --agents 4', 'every layer cut by output depth over four agents'],
      [
        'isobath verify model.onnx --scheme input-depth --input cat.npy',
        'partial sums instead, on an input of yours',
      ],
      ['isobath verify street --wire float16 --input bus.png', 'what a narrower wire does to the answer'],
      ['isobath verify street --broker mqtt://gateway:1883', 'the agents of a running master'],
    ],
  });
  return clientOptions(target)
    .argument('<model>', 'bundled name, zoo:NAME, or path of a model')
    .option('--agents <count>', 'number of agents', wholeNumber(1, 64), 4)
    .option('--strategy <strategy>', `how the model is planned: ${STRATEGY_NAMES.join(', ')}`, 'depth')
    .option(
      '--scheme <scheme>',
      'scheme of the strategy depth: output-depth, input-depth, depth-grid',
      'output-depth',
    )
    .addOption(wireOption())
    .option(
      '--input <file>',
      'picture, .npy, .npz or JSON; may be given several times; default: seeded random values',
      several,
    )
    .option('--shape <input=extents>', 'size of an open input, as image=1,3,224,224', shape)
    .option('--seed <number>', 'seed of the random input', wholeNumber(0, 2 ** 31 - 1), 1)
    .option(
      '--tolerance <fraction>',
      `of the largest magnitude of the output (default: ${DEFAULT_TOLERANCE}; float16 ${WIRE_TOLERANCE.float16}, int8 ${WIRE_TOLERANCE.int8})`,
      positiveNumber,
    )
    .addOption(engineOption('what computes here and on the agents that are started'))
    .option('--limit <size>', 'the most that each agent may hold of filters, as 200MB', byteSize)
    .option('--master-limit <size>', 'the most that the master may hold of filters', byteSize)
    .option('--state <directory>', "keep the agents' filters here, so that a second run sends none")
    .action(async (spec: string, options: VerifyFlags) => {
      const { output, lifetime } = context;
      checkStrategy(options.strategy, options.scheme);
      const engine = await commandEngine(options.engine);
      lifetime.defer(() => engine.stop());
      output.progress(`Reading ${spec}`);
      const model = await resolveModel(spec, { engine, ...(options.shape ? { shapes: options.shape } : {}) });
      const files = options.input ?? [undefined];
      const inputs: ReadonlyMap<string, Tensor>[] = [];
      for (const file of files) inputs.push((await inputsFor(model, file, options.seed)).inputs);
      const runDistributed = hasBroker(context, options) ? runThroughMaster : runOnFleet;
      const distributed = await runDistributed(context, model, inputs, options, engine);
      output.progress('Running the whole model here');
      const pairs: Pair[] = [];
      let localMs = 0;
      for (const [at, given] of inputs.entries()) {
        const local = await runLocally(engine, model.graph, given);
        pairs.push({ got: distributed.outputs[at]!, wanted: local.outputs });
        localMs = local.totalMs;
      }
      const found = comparisonOf(pairs, model);
      const { tolerance = Math.max(DEFAULT_TOLERANCE, WIRE_TOLERANCE[distributed.wire]) } = options;
      const ok = found.maxRelativeDifference <= tolerance;
      const verified = { spec, ...distributed, ...found, inputs: files.length, tolerance, ok, localMs };
      output.result(verifiedDocument(verified), () => verifiedText(verified, output));
      if (ok) return;
      throw IsobathError.of('ISO_ERR_VERIFY_FAILED', {
        difference: `${found.maxRelativeDifference.toExponential(2)} of the largest magnitude`,
        tolerance,
      });
    });
}
