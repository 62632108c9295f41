import { IsobathError } from '../../base/errors.ts';
import { STRATEGY_NAMES } from '../../planner/strategies.ts';
import { differenceOf } from '../../tensor/difference.ts';
import { clientOptions, hasBroker } from '../client-options.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
import { commandEngine, engineOption } from '../engine.ts';
import { inputsFor } from '../model-input.ts';
import { byteSize, positiveNumber, shape, wholeNumber } from '../option-values.ts';
import { resolveModel } from '../resolve-model.ts';
import { runLocally } from '../run-locally.ts';
import { checkStrategy } from '../served-models.ts';
import { distributedOf } from '../stage-table.ts';
import { bytesText, msText } from '../table.ts';
import { runOnFleet, runThroughMaster, type VerifyFlags } from '../verify-runs.ts';

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
    .option('--input <file>', 'picture, .npy or JSON; default: seeded random values')
    .option('--shape <input=extents>', 'size of an open input, as image=1,3,224,224', shape)
    .option('--seed <number>', 'seed of the random input', wholeNumber(0, 2 ** 31 - 1), 1)
    .option(
      '--tolerance <fraction>',
      'of the largest magnitude of the output',
      positiveNumber,
      DEFAULT_TOLERANCE,
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
      const { inputs } = await inputsFor(model, options.input, options.seed);
      const runDistributed = hasBroker(context, options) ? runThroughMaster : runOnFleet;
      const { filterBytesSent, ...distributed } = await runDistributed(
        context,
        model,
        inputs,
        options,
        engine,
      );
      output.progress('Running the whole model here');
      const local = await runLocally(engine, model.graph, inputs);
      const { maxAbsDifference, maxRelativeDifference } = differenceOf(distributed.outputs, local.outputs);
      const ok = maxRelativeDifference <= options.tolerance;
      const { stages, strategy, scheme, agents } = distributed;
      const distributedStages = distributedOf(stages).length;
      const document = {
        ...{ model: spec, strategy, scheme, agents },
        ...{ stages: stages.length, distributedStages, maxAbsDifference, maxRelativeDifference, ok },
        ...(filterBytesSent === undefined ? {} : { filterBytesSent }),
        ...{ localMs: local.totalMs, distributedMs: distributed.totalMs },
      };
      output.result(document, () => {
        const verdict = ok ? output.style('green', 'equal') : output.style('red', 'different');
        return [
          `${spec}: ${verdict} within ${options.tolerance}; largest difference ${maxAbsDifference.toExponential(2)}, ${maxRelativeDifference.toExponential(2)} of the largest magnitude`,
          `${distributedStages} of ${stages.length} stages on ${agents} agents${scheme ? `, ${scheme}` : ''}: ${msText(distributed.totalMs)} ms; here: ${msText(local.totalMs)} ms`,
          ...(filterBytesSent === undefined
            ? []
            : [`${bytesText(filterBytesSent)} of programs and filters sent`]),
        ].join('\n');
      });
      if (ok) return;
      throw IsobathError.of('ISO_ERR_VERIFY_FAILED', {
        difference: `${maxRelativeDifference.toExponential(2)} of the largest magnitude`,
        tolerance: options.tolerance,
      });
    });
}
