import type { IClientOptions } from 'mqtt';
import type { Logger } from '../base/logger.ts';
import type { BusOptions } from './bus.ts';

export interface MqttBusOptions extends BusOptions {
  /** mqtt://, mqtts://, ws:// or wss://, with host and port. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** PEM texts: the authority that signed the broker's certificate, and this client's own certificate and key. */
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  /** Of an encrypted `key`. */
  readonly passphrase?: string;
  /** The name that the broker's certificate must bear, where it is not the one of the URL. */
  readonly servername?: string;
  /** Default true. */
  readonly rejectUnauthorized?: boolean;
  /** Default 30 s. A dead link is noticed after one and a half times this. */
  readonly keepaliveSeconds?: number;
  /** For the first connection and each later one. Default 10 s. */
  readonly connectTimeoutMs?: number;
  /** Pause before the first attempt to reconnect; it doubles up to `maxReconnectMs`. Default 250 ms. */
  readonly minReconnectMs?: number;
  /** Default 15 s. */
  readonly maxReconnectMs?: number;
  /** Bytes that may be under way; further publishers wait. Default 4 MiB. */
  readonly windowBytes?: number;
  readonly logger?: Logger;
}

/** What mqtt.js is given. MQTT 3.1.1 and a clean session: nothing of ours depends on more. */
export function clientOptions(options: MqttBusOptions, clientId: string): IClientOptions {
  const { will } = options;
  return {
    protocolVersion: 4,
    clean: true,
    clientId,
    keepalive: options.keepaliveSeconds ?? 30,
    connectTimeout: options.connectTimeoutMs ?? 10_000,
    reconnectPeriod: reconnectPause(options, 0),
    reconnectOnConnackError: true,
    // Old tensors are of no use: who publishes them while offline is told so.
    queueQoSZero: false,
    // The bus subscribes again by itself, and tells `online` only after that.
    resubscribe: false,
    ...(options.username === undefined ? {} : { username: options.username }),
    ...(options.password === undefined ? {} : { password: options.password }),
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    ...(options.cert === undefined ? {} : { cert: options.cert }),
    ...(options.key === undefined ? {} : { key: options.key }),
    ...(options.passphrase === undefined ? {} : { passphrase: options.passphrase }),
    ...(options.servername === undefined ? {} : { servername: options.servername }),
    rejectUnauthorized: options.rejectUnauthorized ?? true,
    ...(will === undefined
      ? {}
      : {
          will: {
            topic: will.topic,
            payload: Buffer.from(will.payload),
            qos: will.qos ?? 0,
            retain: will.retain ?? false,
          },
        }),
  };
}

/** For messages: no password. */
export function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return url.replace(/\/\/[^@/]*@/, '//');
  const parsed = new URL(url);
  parsed.password = '';
  return parsed.href.replace(/\/$/, '');
}

/** Milliseconds before the next attempt, after `attempts` failed ones. */
export function reconnectPause(options: MqttBusOptions, attempts: number): number {
  const { minReconnectMs = 250, maxReconnectMs = 15_000 } = options;
  return backoff(attempts, minReconnectMs, maxReconnectMs);
}

/** Grows twofold with each attempt up to `max`, and varies by a quarter so that fifty agents do not come in step. */
export function backoff(attempt: number, min: number, max: number, random = Math.random()): number {
  const pause = Math.min(max, min * 2 ** Math.min(attempt, 30));
  return Math.round(pause * (0.75 + random / 2));
}
