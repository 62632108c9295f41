import { IsobathError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { Broker } from '../broker/broker.ts';
import type { LimitSettings, ListenSettings, User } from '../config/groups.ts';
import { pem } from './connection.ts';

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

interface BrokerParts {
  readonly listen: ListenSettings;
  readonly users: readonly User[];
  readonly limits: LimitSettings;
}

/** A broker as the settings of `isobath broker` and `isobath master` describe it, not yet started. */
export async function brokerOf({ listen, users, limits }: BrokerParts, logger: Logger): Promise<Broker> {
  const { port, websocketPort } = listen;
  const cert = await pem('listen.tls.cert', listen.tls.cert);
  const key = await pem('listen.tls.key', listen.tls.key);
  if ((cert === undefined) !== (key === undefined)) {
    const problems = 'listen.tls: `cert` and `key` must be given together';
    throw IsobathError.of('ISO_ERR_CONFIG_INVALID', { problems });
  }
  const host = hostOf(listen, users);
  if (users.length === 0 && !LOOPBACK.has(host)) {
    logger.warn({ host }, 'Everybody who can reach the broker may use it: configure `users`.');
  }
  return new Broker({
    host,
    port,
    limits,
    logger,
    ...(websocketPort < 0 ? {} : { wsPort: websocketPort }),
    ...(users.length === 0
      ? {}
      : { users: Object.fromEntries(users.map(({ name, password }) => [name, password])) }),
    ...(cert && key ? { tls: { cert, key } } : {}),
  });
}

/** Nobody opens a broker without passwords to the network by leaving a line out. */
export function hostOf({ host }: ListenSettings, users: readonly User[]): string {
  if (host !== 'auto') return host;
  return users.length === 0 ? '127.0.0.1' : '0.0.0.0';
}
