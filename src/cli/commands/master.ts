import type { Logger } from '../../base/logger.ts';
import { type MasterSettings, masterSchema } from '../../config/master.ts';
import { OnnxruntimeEngine } from '../../engine/onnxruntime/engine.ts';
import { Master } from '../../master/master.ts';
import type { Bus, Will } from '../../transport/bus.ts';
import { MqttBus } from '../../transport/mqtt-bus.ts';
import { withoutPassword } from '../../transport/mqtt-options.ts';
import { command } from '../command.ts';
import { busOptions } from '../connection.ts';
import type { CliContext } from '../context.ts';
import { brokerOf, hostOf } from '../embedded-broker.ts';
import { limitOf } from '../filter-limit.ts';
import { several } from '../option-values.ts';
import { servedModels } from '../served-models.ts';
import { beginService, type ServiceFlags, serviceOptions, startPatiently, untilAsked } from '../service.ts';
import { stateDirectory } from '../state-directory.ts';

interface MasterFlags extends ServiceFlags {
  readonly broker?: string;
  readonly cluster?: string;
  readonly state?: string;
  readonly model?: readonly string[];
  readonly strategy?: string;
  readonly scheme?: string;
  readonly host?: string;
  readonly port?: string;
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
      ['isobath master --broker mqtt://gateway:1883', 'with the broker of another machine'],
    ],
  });
  return serviceOptions(target)
    .option('--broker <url>', 'connect to this broker instead of running one')
    .option('--cluster <name>', 'name of the cluster')
    .option('--model <model>', 'a model to serve; may be given several times', several)
    .option('--strategy <strategy>', 'how models are planned: depth, local')
    .option('--scheme <scheme>', 'scheme of the strategy depth')
    .option('--host <address>', 'address that the built-in broker listens on')
    .option('--port <port>', 'port of the built-in broker; 0 takes a free one')
    .option('--threads <count>', 'threads of one run; 0: one per core')
    .option('--state <directory>', 'where the master keeps its own files')
    .option('--filter-limit <size>', 'the most that plans may leave to the master of filters, as 200MB')
    .option('--calibration <when>', 'start: measure this device and the links of agents that join; never')
    .action(async (options: MasterFlags) => {
      const { settings, logger } = await beginService(context, masterSchema, options, {
        'broker.url': options.broker,
        cluster: options.cluster,
        models: options.model,
        strategy: options.strategy,
        scheme: options.scheme,
        'listen.host': options.host,
        'listen.port': options.port,
        'engine.threads': options.threads,
        'state.directory': options.state,
        calibration: options.calibration,
        'memory.filterBytes': options.filterLimit,
      });
      const { cluster, request, deploy, deadline } = settings;
      const { threads } = settings.engine;
      const engine = new OnnxruntimeEngine(threads > 0 ? { threads } : {});
      context.lifetime.defer(() => engine.stop());
      const models = await servedModels(settings, engine);
      const broker = await brokerFor(context, settings, logger);
      const master = new Master({
        ...{ cluster, models, engine, logger, ...deploy },
        connect: broker.connect,
        directory: stateDirectory(settings.state.directory, `master-${cluster}`, context.environment),
        deadlines: deadline,
        requests: request,
        broker: settings.broker.url === '' ? 'embedded' : 'external',
        calibration: settings.calibration,
        ...homeAssistantOf(settings),
        ...limitOf(settings.memory),
        deployTimeoutMs: deploy.timeoutMs,
      });
      context.lifetime.defer(() => master.stop());
      await startPatiently(context, logger, () => master.start());
      const names = models.map(({ name }) => name);
      context.output.announce({ service: 'master', cluster, broker: broker.url, models: names });
      await untilAsked();
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
  settings: MasterSettings,
  logger: Logger,
): Promise<ClusterBroker> {
  if (settings.broker.url !== '') {
    const connection = { ...(await busOptions(settings.broker)), logger };
    return {
      url: withoutPassword(connection.url),
      connect: (will) => new MqttBus({ ...connection, will }),
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
