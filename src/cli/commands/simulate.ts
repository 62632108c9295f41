import { writeFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { Option } from 'commander';
import { reasonOf } from '../../base/errors.ts';
import { firstEngine } from '../../engine/choice.ts';
import type { Objective } from '../../planner/objective.ts';
import { STRATEGY_NAMES } from '../../planner/strategies.ts';
import type { SimulationOptions } from '../../simulation/options.ts';
import { reportPage } from '../../simulation/report/page.ts';
import { type SweptModel, sweepModel } from '../../simulation/sweep.ts';
import { command } from '../command.ts';
import { type CliContext, usage } from '../context.ts';
import { positiveNumber, type Shapes, shape, wholeNumber } from '../option-values.ts';
import { resolveModel } from '../resolve-model.ts';
import { type SweepFleetFlags, sweepFleets } from '../sweep-fleet.ts';
import { agentCounts, linkRates, share, stragglers, strategyNames } from '../sweep-options.ts';
import { sweepText } from '../sweep-table.ts';
import { type WireFlags, wireOption } from '../wire-option.ts';

interface SimulateFlags extends SweepFleetFlags, WireFlags {
  readonly strategies: readonly string[];
  readonly objective: Objective;
  readonly inferences: number;
  readonly rate?: number;
  readonly inFlight?: number;
  readonly straggler?: NonNullable<SimulationOptions['stragglers']>;
  readonly load: number;
  readonly loss: number;
  readonly seed: number;
  readonly html?: string;
  readonly shape?: Shapes;
}

/** `isobath simulate`: how models would run on fleets of many sizes and links. */
export function simulateCommand(context: CliContext) {
  const target = command({
    name: 'simulate',
    summary: 'simulate models on fleets of many sizes, links and strategies',
    description:
      'Plans each model for every fleet, and simulates inferences by the plan: which shard waits for which, what ' +
      'queues before which processor, cable or air. Nothing is run. Prints the speedup over the number of agents; ' +
      '--html writes a report with plots. docs/simulation.md explains.',
    examples: [
      [
        'isobath simulate zoo:vgg16 --agents 1..64 --link 100mbit,1gbit --strategies all',
        'where it stops paying',
      ],
      ['isobath simulate zoo:resnet50 --html report.html', 'one file with plots, for any browser'],
      ['isobath simulate street --fleet my-fleet.yaml --inferences 100 --rate 5', 'five pictures per second'],
      ['isobath simulate zoo:vgg16 --inferences 200 --straggler 0.1:3 --loss 0.001', 'on a bad day'],
    ],
  });
  return target
    .argument('<models...>', 'bundled names, zoo:NAME or paths of model files')
    .option('--fleet <file>', 'fleet file: its first n agents, on its links')
    .option('--device <name>', 'device of the agents and the master, of config/fleets/devices.yaml')
    .option('--agents <counts>', 'as 4 or 1,2,8 or 1..64 (doublings) or 1..16:1 (every one)', agentCounts)
    .option(
      '--link <rates>',
      'rates of the links, as 100mbit,1gbit; wifi:54mbit is an air that all share',
      linkRates,
    )
    .option('--strategies <names>', `of ${STRATEGY_NAMES.join(', ')}; or all`, strategyNames, [
      ...['auto', 'paper', 'depth', 'rows'],
    ])
    .addOption(
      new Option('--objective <objective>', 'what is planned for')
        .choices(['latency', 'throughput'])
        .default('latency'),
    )
    .addOption(wireOption())
    .option('--inferences <count>', 'inferences that are asked for', wholeNumber(1, 100_000), 1)
    .option('--rate <per second>', 'requests per second, evenly spaced; default: all at once', positiveNumber)
    .option('--in-flight <count>', 'the most that run at a time; default: no limit', wholeNumber(1, 100_000))
    .option('--straggler <share:factor>', 'as 0.1:3: a tenth of the runs takes 3 times as long', stragglers)
    .option('--load <share>', "share of the agents' processors that other work takes", share(0.99), 0)
    .option('--loss <probability>', 'of a message; its shard waits for the deadline', share(1), 0)
    .option('--seed <number>', 'of everything that is left to chance', wholeNumber(0, 2 ** 31 - 1), 1)
    .option('--html <file>', 'write a report with plots')
    .option('--shape <input=extents>', 'size of an open input, as image=1,3,224,224', shape)
    .action((specs: string[], options: SimulateFlags) => simulateModels(context, specs, options));
}

async function simulateModels(context: CliContext, specs: readonly string[], options: SimulateFlags) {
  const { output, lifetime } = context;
  const { source, ...fleets } = await sweepFleets(options);
  const { strategies, objective, wire, html } = options;
  const simulation = simulationOf(options);
  const engine = await firstEngine();
  lifetime.defer(() => engine.stop());
  const models: SweptModel[] = [];
  for (const spec of specs) {
    output.progress(`Reading ${spec}`);
    const shapes = options.shape ? { shapes: options.shape } : {};
    const { graph } = await resolveModel(spec, { engine, ...shapes });
    const cases = { ...fleets, strategies, objective, wire };
    models.push(
      await sweepModel(spec, graph, cases, simulation, async (done, total, what) => {
        output.progress(`${done + 1} of ${total}, ${what}`);
        // planning keeps the event loop: here the program hears that it is to end
        await setImmediate();
      }),
    );
  }
  const { agents, links } = fleets;
  const document = { fleet: source, agents, links, strategies, objective, wire, simulation, models };
  if (html !== undefined) await save(html, reportPage(document));
  output.result(document, () =>
    [
      ...models.map((swept) => sweepText(swept, document, options.inferences, output)),
      ...(html === undefined ? [] : [`The report is in ${html}.`]),
    ].join('\n\n'),
  );
}

function simulationOf(options: SimulateFlags): SimulationOptions {
  const { inferences, rate, inFlight, straggler, load, loss, seed } = options;
  return {
    ...{ inferences, load, loss, seed },
    ...(rate === undefined ? {} : { rate }),
    ...(inFlight === undefined ? {} : { inFlight }),
    ...(straggler === undefined ? {} : { stragglers: straggler }),
  };
}

async function save(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw usage(`The file ${file} cannot be written: ${reasonOf(error)}.`, 'Give --html another path.');
  }
}
