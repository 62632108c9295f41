import { hostname } from 'node:os';
import { Agent } from '../../agent/agent.ts';
import type { IsobathError } from '../../base/errors.ts';
import { agentSchema } from '../../config/agent.ts';
import { ENGINE_NAMES } from '../../engine/engines.ts';
import { MqttBus } from '../../transport/mqtt-bus.ts';
import { withoutPassword } from '../../transport/mqtt-options.ts';
import { command } from '../command.ts';
import { busOptions } from '../connection.ts';
import type { CliContext } from '../context.ts';
import { engineOf } from '../engine.ts';
import { limitOf } from '../filter-limit.ts';
import { topicName } from '../served-name.ts';
import {
  beginService,
  type ServiceFlags,
  serviceOptions,
  startPatiently,
  toldOf,
  untilAsked,
} from '../service.ts';
import { stateDirectory } from '../state-directory.ts';

interface AgentFlags extends ServiceFlags {
  readonly broker?: string;
  readonly name?: string;
  readonly cluster?: string;
  readonly state?: string;
  readonly engine?: string;
  readonly threads?: string;
  readonly weight?: string;
  readonly calibration?: string;
  readonly filterLimit?: string;
}

/** `isobath agent`: joins a cluster and runs shards. */
export function agentCommand(context: CliContext) {
  const target = command({
    name: 'agent',
    summary: 'join a cluster and run shards',
    description:
      'Joins the cluster of a master and runs shards until SIGTERM. It keeps the filters that it was sent on disk, so ' +
      'that they travel once. While the broker is away it says so and tries again.',
    examples: [
      ['isobath agent --broker mqtt://gateway:1883', 'joins under the name of this machine'],
      ['isobath agent --name pi-7 --weight 2', 'gets twice the channels of an agent of weight 1'],
    ],
  });
  return serviceOptions(target)
    .option('--broker <url>', 'the broker, as mqtt://host:1883')
    .option('--name <name>', 'name of this agent; default: the host name')
    .option('--cluster <name>', 'cluster to join')
    .option('--state <directory>', 'where filters are kept')
    .option('--engine <name>', `what computes: auto, ${ENGINE_NAMES.join(', ')}`)
    .option('--threads <count>', 'threads of one run; 0: one per core')
    .option('--weight <weight>', 'relative compute capacity')
    .option('--filter-limit <size>', 'the most that plans may give this agent of filters, as 200MB')
    .option('--calibration <when>', 'start: measure this device at its first start; never')
    .action(async (options: AgentFlags) => {
      const begun = await beginService(context, agentSchema, options, {
        'broker.url': options.broker,
        name: options.name,
        cluster: options.cluster,
        'state.directory': options.state,
        'engine.name': options.engine,
        'engine.threads': options.threads,
        weight: options.weight,
        calibration: options.calibration,
        'memory.filterBytes': options.filterLimit,
      });
      const { settings, logger, notifier } = begun;
      const { cluster, weight, queue, calibration } = settings;
      const name = settings.name || topicName(hostname());
      const connection = { ...(await busOptions(settings.broker)), logger };
      const directory = stateDirectory(settings.state.directory, `agent-${name}`, context.environment);
      const engine = await engineOf(settings.engine, directory, logger);
      let fail!: (error: IsobathError) => void;
      const failed = new Promise<never>((_, reject) => {
        fail = reject;
      });
      const agent = new Agent({
        ...{ name, cluster, engine, logger, weight },
        connect: (will) => toldOf(new MqttBus({ ...connection, will }), notifier),
        directory,
        cacheBytes: settings.cache.maxBytes,
        maxQueue: queue,
        calibration,
        ...limitOf(settings.memory),
        onFatal: fail,
      });
      context.lifetime.defer(() => engine.stop());
      context.lifetime.defer(() => agent.stop());
      await Promise.race([startPatiently(context, begun, () => agent.start()), failed]);
      const broker = withoutPassword(connection.url);
      context.lifetime.asServing();
      notifier.ready(`Agent ${name} of cluster ${cluster} on ${broker}`);
      context.output.announce({ service: 'agent', name, cluster, broker });
      await Promise.race([failed, untilAsked()]);
    });
}
