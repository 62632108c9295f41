import { basename } from 'node:path';
import { summarize } from '../../master/summary.ts';
import { differenceOf } from '../../tensor/difference.ts';
import { objectText } from '../answer.ts';
import { command } from '../command.ts';
import { type CliContext, quietLogger } from '../context.ts';
import { commandEngine, engineOption } from '../engine.ts';
import { LocalFleet } from '../fleet/local-fleet.ts';
import { inputsFor } from '../model-input.ts';
import { wholeNumber } from '../option-values.ts';
import { resolveModel } from '../resolve-model.ts';
import { runLocally } from '../run-locally.ts';
import { distributedOf, stageTable } from '../stage-table.ts';
import { msText } from '../table.ts';
import { type WireFlags, wireOption } from '../wire-option.ts';

interface DemoFlags extends WireFlags {
  readonly agents: number;
  readonly image?: string;
  readonly model: string;
  readonly scheme: string;
  readonly state?: string;
  readonly engine?: string;
}

/** The first run of a program is slower: memory is touched for the first time. */
const RUNS = 2;

/** `isobath demo`: everything on this machine, in a minute. */
export function demoCommand(context: CliContext) {
  const target = command({
    name: 'demo',
    summary: 'show a distributed inference on this machine',
    description:
      'Starts a broker, a master and agents on free ports of this machine, cuts the bundled model along its depth, ' +
      'infers a picture, and shows the answer, what each layer cost, and how far it is from the whole model run ' +
      'locally. Agents on one machine share its cores: this shows that it works, not that it is faster.',
    examples: [
      ['isobath demo', 'four agents and a bundled picture'],
      ['isobath demo --agents 2 --image photo.jpg', 'a picture of yours'],
      ['isobath demo --json', 'the same for programs'],
    ],
  });
  return target
    .option('--agents <count>', 'number of agents', wholeNumber(1, 64), 4)
    .option('--image <file>', 'picture to infer; default: a bundled one')
    .option('--model <model>', 'another model than the bundled one', 'street')
    .option('--scheme <scheme>', 'how layers are cut: output-depth, input-depth, depth-grid', 'output-depth')
    .addOption(wireOption())
    .option('--state <directory>', "keep the agents' filters here; default: nothing is kept")
    .addOption(engineOption('what computes, on the agents, too'))
    .action(async (options: DemoFlags) => {
      const { output, lifetime, program, environment } = context;
      const engine = await commandEngine(options.engine);
      lifetime.defer(() => engine.stop());
      output.progress(`Reading ${options.model}`);
      const model = await resolveModel(options.model, { engine });
      const file = options.image ?? model.sample;
      const { inputs, placement } = await inputsFor(model, file);
      const inputName = file === undefined ? 'seeded random values' : basename(file);
      const fleet = new LocalFleet({
        ...{ program, environment, engine, agents: options.agents },
        model: { ...model, strategy: 'depth', scheme: options.scheme, wire: options.wire },
        logger: quietLogger(context),
        ...(options.state === undefined ? {} : { directory: options.state }),
        onProgress: (text) => output.progress(text),
      });
      lifetime.defer(() => fleet.stop());
      await fleet.start();
      output.progress('Inferring');
      for (let run = 1; run < RUNS; run += 1) {
        await fleet.master.infer(model.name, `demo-${run}`, inputs);
      }
      const result = await fleet.master.infer(model.name, `demo-${RUNS}`, inputs);
      const filterBytesSent = fleet.master.sentBytes;
      await fleet.stop();
      output.progress('Running the whole model here');
      await engine.start();
      const local = await runLocally(engine, model.graph, inputs, { runs: RUNS });
      const { maxAbsDifference } = differenceOf(result.outputs, local.outputs);
      const seen = { top: 3, ...(placement ? { placement } : {}) };
      const summary = summarize({ ...model, strategy: 'depth' }, 'demo', options.agents, result, seen);
      const { top = [], objects = [] } = summary;
      const { stages } = result;
      const distributedStages = distributedOf(stages).length;
      const document = {
        model: options.model,
        input: inputName,
        top: top.map(({ label, probability }) => ({ label, probability })),
        ...(summary.objects ? { objects } : {}),
        agents: options.agents,
        wire: options.wire,
        stages: stages.map(({ name, scheme, shards, bytes, times }) => ({
          name,
          scheme,
          shards,
          bytes,
          times,
        })),
        distributedStages,
        maxAbsDifference,
        localMs: local.totalMs,
        distributedMs: result.totalMs,
        filterBytesSent,
      };
      output.result(document, () =>
        [
          stageTable(stages, (line) => output.style('bold', line)),
          '',
          `${output.style('bold', 'Answer')}  ${inputName}: ${[...top.map(({ label, probability }) => `${label} ${(probability * 100).toFixed(1)} %`), ...objects.map(objectText)].join(', ')}`,
          `${distributedStages} of ${stages.length} stages ran on ${options.agents} agents, in ${msText(result.totalMs)} ms; the whole model takes ${msText(local.totalMs)} ms here.`,
          `Largest difference from the whole model: ${maxAbsDifference.toExponential(1)}${options.wire === 'float32' ? '' : `, over ${options.wire}`}`,
        ].join('\n'),
      );
    });
}
