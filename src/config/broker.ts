import {
  type LimitSettings,
  type ListenSettings,
  type LogSettings,
  limits,
  listen,
  log,
  type User,
  users,
} from './groups.ts';
import type { SchemaOf } from './schema.ts';

/** Settings of `isobath broker`. */
export interface BrokerSettings {
  listen: ListenSettings;
  users: readonly User[];
  limits: LimitSettings;
  log: LogSettings;
}

export const brokerSchema: SchemaOf<BrokerSettings> = { listen, users, limits, log };
