import type { IsobathError } from '../../base/errors.ts';
import { type MasterSettings, masterSchema } from '../../config/master.ts';
import { ENGINE_NAMES } from '../../engine/engines.ts';
import { DirectoryCatalogue } from '../../master/directory-catalogue.ts';
import { Master } from '../../master/master.ts';
import { OBJECTIVES } from '../../planner/objective.ts';
import { STRATEGY_NAMES } from '../../planner/strategies.ts';
import { PRECISIONS } from '../../tensor/precision.ts';
import type { Bus, Will } from '../../transport/bus.ts';
import { MqttBus } from '../../transport/mqtt-bus.ts';
import { withoutPassword } from '../../transport/mqtt-options.ts';
import { command } from '../command.ts';
import { busOptions } from '../connection.ts';
import type { CliContext } from '../context.ts';
import { brokerOf, hostOf } from '../embedded-broker.ts';
import { engineOf } from '../engine.ts';
import { limitOf } from '../filter-limit.ts';
import { several } from '../option-values.ts';
import { servedModels } from '../served-models.ts';
import {
  type Begun,
  beginService,
  type ServiceFlags,
  serviceOptions,
  startPatiently,
  toldOf,
  untilAsked,
} from '../service.ts';
import { stateDirectory } from '../state-directory.ts';

interface MasterFlags extends ServiceFlags {
  readonly broker?: string;
  readonly cluster?: string;
  readonly state?: string;
  readonly model?: readonly string[];
  readonly models?: string;
  readonly strategy?: string;
  readonly scheme?: string;
  readonly wire?: string;
  readonly objective?: string;
  readonly host?: string;
  readonly port?: string;
  readonly engine?: string;
  readonly threads?: string;
  readonly calibration?: string;
  readonly filterLimit?: string;
}

/** `isobath master`: keeps the fleet, deploys models, answers requests. */
export function masterCommand(context: CliContext) {
  const target = command({
    name: 'master',
    summary: 'serve models on the agents of a cluster',
    description:
      'Serves models until SIGTERM: cuts them over whatever agents there are, answers requests over MQTT, and computes ' +
      'itself what no agent can. It runs the broker of the cluster itself, unless --broker names another one.',
    examples: [
      ['isobath master', 'serves the bundled model, with a broker on 127.0.0.1:1883'],
      ['isobath master --model zoo:vgg16 --model ./my.onnx', 'serves two models'],
      ['isobath master --models /srv/models', 'serves a directory of versions, and follows its changes'],
      ['isobath master --broker mqtt://gateway:1883', 'with the broker of another machine'],
    ],
  });
  return serviceOptions(target)
    .option('--broker <url>', 'connect to this broker instead of running one')
    .option('--cluster <name>', 'name of the cluster')
    .option('--model <model>', 'a model to serve; may be given several times', several)
    .option('--models <directory>', 'serve the newest version of each model in this directory')
    .option('--strategy <strategy>', `how models are planned: ${STRATEGY_NAMES.join(', ')}`)
    .option('--scheme <scheme>', 'scheme of the strategy depth')
    .option('--wire <precision>', `how feature maps travel: ${PRECISIONS.join(', ')}`)
    .option('--objective <objective>', `what plans make best: ${OBJECTIVES.join(', ')}`)
    .option('--host <address>', 'address that the built-in broker listens on')
    .option('--port <port>', 'port of the built-in broker; 0 takes a free one')
    .option('--engine <name>', `what computes: auto, ${ENGINE_NAMES.join(', ')}`)
    .option('--threads <count>', 'threads of one run; 0: one per core')
    .option('--state <directory>', 'where the master keeps its own files')
    .option('--filter-limit <size>', 'the most that plans may leave to the master of filters, as 200MB')
    .option('--calibration <when>', 'start: measure this device and the links of agents that join; never')
    .action(async (options: MasterFlags) => {
      const begun = await beginService(context, masterSchema, options, {
        'broker.url': options.broker,
        cluster: options.cluster,
        models: options.model,
        'repository.directory': options.models,
        strategy: options.strategy,
        scheme: options.scheme,
        wire: options.wire,
        objective: options.objective,
        'listen.host': options.host,
        'listen.port': options.port,
        'engine.name': options.engine,
        'engine.threads': options.threads,
        'state.directory': options.state,
        calibration: options.calibration,
        'memory.filterBytes': options.filterLimit,
      });
      const { settings, logger, notifier } = begun;
      const { cluster, request, deploy, deadline, repository, strategy, scheme, wire, objective } = settings;
      const directory = stateDirectory(settings.state.directory, `master-${cluster}`, context.environment);
      const engine = await engineOf(settings.engine, directory, logger);
      context.lifetime.defer(() => engine.stop());
      const models = await servedModels(settings, engine);
      const { pollMs } = repository;
      const plan = { strategy, scheme, wire, objective };
      const watched = { directory: repository.directory, pollMs, plan, engine, logger };
      const catalogues = repository.directory === '' ? [] : [new DirectoryCatalogue(watched)];
      const broker = await brokerFor(context, begun);
      let fail!: (error: IsobathError) => void;
      const failed = new Promise<never>((_, reject) => {
        fail = reject;
      });
      const master = new Master({
        ...{ cluster, models, catalogues, engine, logger, ...deploy },
        watchMs: repository.watchSeconds * 1000,
        connect: broker.connect,
        directory,
        deadlines: deadline,
        requests: request,
        broker: settings.broker.url === '' ? 'embedded' : 'external',
        calibration: settings.calibration,
        ...homeAssistantOf(settings),
        ...limitOf(settings.memory),
        deployTimeoutMs: deploy.timeoutMs,
        onFatal: fail,
      });
      context.lifetime.defer(() => master.stop());
      await Promise.race([startPatiently(context, begun, () => master.start()), failed]);
      context.lifetime.asServing();
      notifier.ready(`Master of cluster ${cluster} on ${broker.url}, serving ${master.models.join(', ')}`);
      context.output.announce({ service: 'master', cluster, broker: broker.url, models: master.models });
      await Promise.race([failed, untilAsked()]);
    });
}

function homeAssistantOf({ homeAssistant: { discovery, ...topics } }: MasterSettings) {
  return discovery === 'off' ? {} : { homeAssistant: { discovery, ...topics } };
}

interface ClusterBroker {
  readonly url: string;
  readonly connect: (will: Will) => Bus;
}

/** The broker that the settings name, or one in this process, which the master reaches without a socket. */
async function brokerFor(
  { lifetime }: CliContext,
  { settings, logger, notifier }: Begun<MasterSettings>,
): Promise<ClusterBroker> {
  if (settings.broker.url !== '') {
    const connection = { ...(await busOptions(settings.broker)), logger };
    return {
      url: withoutPassword(connection.url),
      connect: (will) => toldOf(new MqttBus({ ...connection, will }), notifier),
    };
  }
  const broker = await brokerOf(settings, logger);
  lifetime.defer(() => broker.stop());
  await broker.start();
  const { listen, users } = settings;
  const scheme = listen.tls.cert === '' ? 'mqtt' : 'mqtts';
  const url = `${scheme}://${hostOf(listen, users)}:${broker.port}`;
  logger.info({ url }, 'The broker is ready.');
  return { url, connect: (will) => broker.bus({ will }) };
}
