import { brokerSchema } from '../../config/broker.ts';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
import { brokerOf, hostOf } from '../embedded-broker.ts';
import { beginService, type ServiceFlags, serviceOptions, untilAsked } from '../service.ts';

interface BrokerFlags extends ServiceFlags {
  readonly host?: string;
  readonly port?: string;
  readonly websocketPort?: string;
}

/** `isobath broker`: an MQTT broker of its own. */
export function brokerCommand(context: CliContext) {
  const target = command({
    name: 'broker',
    summary: 'run an MQTT broker of its own',
    description:
      'Runs an MQTT 3.1.1 broker until SIGTERM. `isobath master` has one built in, so this is for clusters whose ' +
      'broker lives on another machine; Mosquitto or EMQX serve as well.',
    examples: [
      ['isobath broker', 'listens on 127.0.0.1:1883'],
      ['isobath broker --config config/broker.yaml', 'with users, TLS and WebSocket, as the file says'],
    ],
  });
  return serviceOptions(target)
    .option('--host <address>', 'address to listen on')
    .option('--port <port>', 'port of MQTT; 0 takes a free one')
    .option('--websocket-port <port>', 'port of MQTT over WebSocket')
    .action(async (options: BrokerFlags) => {
      const { settings, logger, notifier } = await beginService(context, brokerSchema, options, {
        'listen.host': options.host,
        'listen.port': options.port,
        'listen.websocketPort': options.websocketPort,
      });
      const broker = await brokerOf(settings, logger);
      context.lifetime.defer(() => broker.stop());
      await broker.start();
      const host = hostOf(settings.listen, settings.users);
      const { port, wsPort } = broker;
      const ports = { host, port, ...(wsPort === undefined ? {} : { websocketPort: wsPort }) };
      logger.info(ports, 'The broker is ready.');
      notifier.ready(`Broker on ${host}:${port}`);
      context.output.announce({ service: 'broker', ...ports });
      await untilAsked();
    });
}
