import { type ConnectionSettings, cluster, connection } from './groups.ts';
import type { SchemaOf } from './schema.ts';

/** Settings of the commands that speak to a running master: `infer`, and `verify` and `models` with `--broker`. */
export interface ClientSettings {
  cluster: string;
  broker: ConnectionSettings;
  request: { timeoutMs: number };
}

export const clientSchema: SchemaOf<ClientSettings> = {
  cluster,
  broker: connection,
  request: {
    timeoutMs: {
      doc: 'Milliseconds until a request without an answer has failed.',
      format: 'count',
      default: 60_000,
    },
  },
};
