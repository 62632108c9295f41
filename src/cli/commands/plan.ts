import { IsobathError } from '../../base/errors.ts';
import { firstEngine } from '../../engine/choice.ts';
import { FleetModel } from '../../estimator/fleet-model.ts';
import type { FleetProfile } from '../../estimator/profile.ts';
import type { Graph } from '../../graph/graph.ts';
import { Explainer } from '../../planner/explain.ts';
import { OBJECTIVES, type Objective } from '../../planner/objective.ts';
import { type Planned, planDocument, plannedDocument } from '../../planner/plan-document.ts';
import { planGraph, STRATEGY_NAMES } from '../../planner/strategies.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type FleetFlags, fleetFrom } from '../fleet-source.ts';
import { byteSize, oneOf, type Shapes, shape, wholeNumber } from '../option-values.ts';
import { actualDocument, actualText, measureActual } from '../plan-actual.ts';
import { compareText, planText } from '../plan-table.ts';
import { resolveModel } from '../resolve-model.ts';
import { checkStrategy } from '../served-models.ts';
import { msText } from '../table.ts';
import { type WireFlags, wireOption } from '../wire-option.ts';

interface PlanFlags extends FleetFlags, WireFlags {
  readonly strategy?: string;
  readonly scheme: string;
  readonly objective: Objective;
  readonly compare?: boolean;
  readonly actual?: boolean;
  readonly runs: number;
  readonly shape?: Shapes;
}

/** `isobath plan`: how a model would run on a fleet, and why. */
export function planCommand(context: CliContext) {
  const target = command({
    name: 'plan',
    summary: 'predict how a model runs on a fleet, layer by layer, and say why',
    description:
      'Plans a model for a fleet and explains the plan: what each layer takes at the master, what the bound of the ' +
      'paper says, how it is cut and over whom, the five times, what travels, and the reason. Nothing is run. The ' +
      'fleet is that of a file, some devices of one kind, or the agents that are online on a broker; without any of ' +
      'these, 4 x raspberry-pi-4 on 100mbit.',
    examples: [
      [
        'isobath plan zoo:vgg16 --fleet config/fleets/raspberry-pi-4-100mbit.yaml',
        'the best plan, explained',
      ],
      ['isobath plan zoo:resnet50 --agents 8 --device raspberry-pi-5 --link 1gbit', 'a fleet of one kind'],
      ['isobath plan zoo:vgg16 --broker mqtt://10.0.0.2', 'the live fleet, as it was measured'],
      ['isobath plan zoo:vgg16 --compare', 'every strategy, side by side'],
      ['isobath plan zoo:vgg16 --actual', 'run on four agents here: predicted beside measured'],
      ['isobath plan zoo:vgg16 --limit 200MB --master-limit 0', 'a model that no device holds alone'],
    ],
  });
  return target
    .argument('<model>', 'bundled name, zoo:NAME, or path of a model')
    .option('--fleet <file>', 'fleet file (docs/planning.md)')
    .option('--broker <url>', 'plan for the agents that are online on this broker')
    .option('--cluster <name>', 'their cluster')
    .option('-c, --config <file>', 'how to reach the broker: a YAML file, as config/client.yaml')
    .option('--agents <count>', 'number of agents of a quick fleet', wholeNumber(0, 1024))
    .option('--device <name>', 'device of its agents and its master, of config/fleets/devices.yaml')
    .option('--link <rate>', 'rate of its links, as 100mbit, or wifi:54mbit for an air that all share')
    .option('--limit <size>', 'filters that each agent may hold, as 200MB', byteSize)
    .option('--master-limit <size>', 'filters that the master may hold', byteSize)
    .option(
      '--strategy <strategy>',
      `which schemes may be used: ${STRATEGY_NAMES.join(', ')} (default: auto; with --actual: depth)`,
    )
    .option(
      '--scheme <scheme>',
      'scheme of the strategy depth: output-depth, input-depth, depth-grid',
      'output-depth',
    )
    .addOption(wireOption())
    .option('--objective <objective>', OBJECTIVES.join(' or '), oneOf(OBJECTIVES), 'latency')
    .option('--compare', 'all strategies side by side')
    .option('--actual', 'start agents on this machine, run the plan, and lay measured beside predicted times')
    .option('--runs <count>', 'inferences of --actual', wholeNumber(1, 1000), 20)
    .option('--shape <input=extents>', 'size of an open input, as image=1,3,224,224', shape)
    .action(async (spec: string, flags: PlanFlags) => {
      const { output, lifetime } = context;
      // all agents share this machine, so auto would rightly leave most to the master
      const strategy = flags.strategy ?? (flags.actual ? 'depth' : 'auto');
      const options = { ...flags, strategy };
      checkStrategy(strategy, options.scheme);
      const engine = await firstEngine();
      lifetime.defer(() => engine.stop());
      output.progress(`Reading ${spec}`);
      const model = await resolveModel(spec, {
        engine,
        ...(options.shape ? { shapes: options.shape } : {}),
      });
      if (options.actual) {
        const actual = await measureActual(context, model, engine, { agents: 4, ...options });
        output.result(actualDocument(spec, actual), () => actualText(actual));
        return;
      }
      const { graph } = model;
      const { fleet, source, assumed } = await fleetFrom(context, options);
      const explainer = new Explainer(graph, new FleetModel(fleet, options));
      const { objective, compare = false } = options;
      const head = {
        model: spec,
        fleet: {
          source,
          agents: fleet.agents.map(({ id }) => id),
          broker: fleet.broker.kind,
          ...(assumed ? { assumed } : {}),
        },
        objective,
        wire: options.wire,
        localMs: 1000 * explainer.localSeconds,
      };
      const guessed = assumed?.length
        ? ` (assumed: ${assumed.join(', ')}; \`isobath calibrate\` measures)`
        : '';
      const over = options.wire === 'float32' ? '' : ` over ${options.wire}`;
      const title = `${spec} on ${source}${over}${guessed}; at the master alone ${msText(head.localMs)} ms`;
      if (compare) {
        const planned = STRATEGY_NAMES.map((strategy): Planned => {
          output.progress(`Planning ${strategy}`);
          return planOne(graph, fleet, explainer, { ...options, strategy });
        });
        output.result({ ...head, strategies: planned.map(plannedDocument) }, () =>
          [title, '', compareText(planned, output)].join('\n'),
        );
        return;
      }
      output.progress(`Planning ${spec}`);
      const explained = explainer.explain(planGraph(graph, fleet, options));
      output.result({ ...head, ...planDocument(explained) }, () => {
        const { plan, speedup } = explained;
        return [
          `${title}, by ${plan.strategy} ${msText(1000 * plan.predictedSeconds)} ms: ${speedup.toFixed(2)} times as fast`,
          '',
          planText(explained, output),
        ].join('\n');
      });
    });
}

function planOne(
  graph: Graph,
  fleet: FleetProfile,
  explainer: Explainer,
  options: PlanFlags & { readonly strategy: string },
): Planned {
  const { strategy } = options;
  try {
    return { strategy, explained: explainer.explain(planGraph(graph, fleet, options)) };
  } catch (error) {
    if (error instanceof IsobathError && error.code === 'ISO_ERR_PLAN_MEMORY') return { strategy, error };
    throw error;
  }
}
