import { IsobathClient } from '../client/client.ts';
import { MqttBus } from '../transport/mqtt-bus.ts';
import { type ClientFlags, clientSettings } from './client-options.ts';
import { busOptions } from './connection.ts';
import { type CliContext, quietLogger } from './context.ts';

/** A broker that does not answer is given up soon: somebody waits for this command. */
const CONNECT_TIMEOUT_MS = 4000;

/** Runs `work` with a connection to a master, and ends the connection. */
export async function withClient<T>(
  context: CliContext,
  flags: ClientFlags,
  work: (client: IsobathClient) => Promise<T>,
): Promise<T> {
  const { cluster, broker, request } = await clientSettings(context, flags);
  const logger = quietLogger(context);
  const bus = new MqttBus({
    ...(await busOptions(broker)),
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    logger,
  });
  const client = new IsobathClient({ bus, cluster, url: bus.url, timeoutMs: request.timeoutMs });
  context.lifetime.defer(() => client.stop());
  await client.start();
  try {
    return await work(client);
  } finally {
    await client.stop();
  }
}
