import { LOG_LEVELS, type LogLevel } from '../base/logger.ts';
import { ENGINE_NAMES } from '../engine/engines.ts';
import type { SchemaOf } from './schema.ts';

/** Groups of settings that several services have in common. */

export interface LogSettings {
  level: LogLevel;
  format: 'text' | 'json';
}

export const log: SchemaOf<LogSettings> = {
  level: {
    doc: 'Least severe level that is written: silent, error, warn, info, debug or trace.',
    format: LOG_LEVELS,
    default: 'info',
  },
  format: {
    doc: 'text: one readable line per entry; json: one object per line, for collectors. On standard error.',
    format: ['text', 'json'],
    default: 'text',
  },
};

export interface ConnectionSettings {
  url: string;
  username: string;
  password: string;
  ca: string;
  cert: string;
  key: string;
  verify: boolean;
}

export const connection: SchemaOf<ConnectionSettings> = {
  url: {
    doc: 'The MQTT broker: mqtt://, mqtts://, ws:// or wss://.',
    format: 'brokerUrl',
    default: 'mqtt://127.0.0.1:1883',
  },
  username: { doc: 'Left empty: none is sent.', format: 'text', default: '' },
  password: { doc: 'Better given as ISOBATH_BROKER_PASSWORD.', format: 'text', default: '', sensitive: true },
  ca: {
    doc: "PEM file of the authority that signed the broker's certificate, where it is not a public one.",
    format: 'text',
    default: '',
  },
  cert: {
    doc: 'PEM file of a client certificate, where the broker asks for one.',
    format: 'text',
    default: '',
  },
  key: { doc: 'PEM file of its private key.', format: 'text', default: '' },
  verify: {
    doc: 'false accepts any certificate: whoever stands between can then read all and pretend to be the broker.',
    format: 'flag',
    default: true,
  },
};

export interface ListenSettings {
  host: string;
  port: number;
  websocketPort: number;
  tls: { cert: string; key: string };
}

export const listen: SchemaOf<ListenSettings> = {
  host: {
    doc: 'Address to listen on. auto: every address (0.0.0.0) where users are configured, this machine only (127.0.0.1) otherwise.',
    format: 'text',
    default: 'auto',
  },
  port: { doc: '0 takes a free port.', format: 'port', default: 1883 },
  websocketPort: {
    doc: 'MQTT over WebSocket, for browsers. -1: not at all; 0 takes a free port.',
    format: 'optionalPort',
    default: -1,
  },
  tls: {
    cert: {
      doc: "PEM file of the broker's certificate. Left empty: no encryption.",
      format: 'text',
      default: '',
    },
    key: { doc: 'PEM file of its private key.', format: 'text', default: '' },
  },
};

export interface User {
  readonly name: string;
  readonly password: string;
}

export const users = {
  doc: 'Who may connect. Left empty: everybody.',
  format: 'users',
  default: [] as readonly User[],
  sensitive: true,
};

export interface LimitSettings {
  maxConnections: number;
  maxPacketBytes: number;
  maxBacklogBytes: number;
}

export const limits: SchemaOf<LimitSettings> = {
  maxConnections: { doc: 'Connections at a time.', format: 'count', default: 1024 },
  maxPacketBytes: {
    doc: 'Largest MQTT packet. Isobath sends chunks of 512 KiB.',
    format: 'count',
    default: 2 * 2 ** 20 + 64 * 1024,
  },
  maxBacklogBytes: {
    doc: 'A client that is so far behind loses messages, so that it holds nobody up.',
    format: 'count',
    default: 64 * 2 ** 20,
  },
};

export const cluster = {
  doc: 'Master and agents of one cluster find one another; several clusters can share a broker.',
  format: 'name',
  default: 'default',
};

export const state = {
  directory: {
    doc: 'Folder that outlives the service. auto: /var/lib/isobath for root and under systemd, ~/.local/state/isobath else.',
    format: 'text',
    default: 'auto',
  },
};

export const calibration = {
  doc: 'start: measures this device before it joins for the first time, a few seconds. never: only when `isobath calibrate` asks.',
  format: ['start', 'never'],
  default: 'start' as 'start' | 'never',
};

export interface EngineSettings {
  name: string;
  threads: number;
}

export const engine: SchemaOf<EngineSettings> = {
  name: {
    doc: 'What computes: onnxruntime, tfjs-node, tfjs-wasm, or auto: the fastest that loads, measured at the first start.',
    format: ['auto', ...ENGINE_NAMES],
    default: 'auto',
  },
  threads: { doc: 'Threads of one run. 0: one per core.', format: 'natural', default: 0 },
};

export interface HomeAssistantGroup {
  discovery: 'off' | 'on' | 'remove';
  prefix: string;
  birthTopic: string;
}

export const homeAssistant: SchemaOf<HomeAssistantGroup> = {
  discovery: {
    doc: 'on: the fleet and each model are announced to Home Assistant as devices. remove: what was announced is taken back.',
    format: ['off', 'on', 'remove'],
    default: 'off',
  },
  prefix: {
    doc: 'First levels of the discovery topics, as Home Assistant is configured.',
    format: 'topic',
    default: 'homeassistant',
  },
  birthTopic: {
    doc: 'Where Home Assistant says `online` when it has started; the devices are announced again then.',
    format: 'topic',
    default: 'homeassistant/status',
  },
};
