import {
  type ConnectionSettings,
  calibration,
  cluster,
  connection,
  type EngineSettings,
  engine,
  type LogSettings,
  log,
  state,
} from './groups.ts';
import type { SchemaOf } from './schema.ts';

/** Settings of `isobath agent`. */
export interface AgentSettings {
  name: string;
  cluster: string;
  broker: ConnectionSettings;
  state: { directory: string };
  cache: { maxBytes: number };
  engine: EngineSettings;
  weight: number;
  memory: { filterBytes: number };
  queue: number;
  calibration: 'start' | 'never';
  log: LogSettings;
}

export const agentSchema: SchemaOf<AgentSettings> = {
  name: {
    doc: 'Name of this agent, unlike that of any other in the cluster. Left empty: the host name.',
    format: 'optionalName',
    default: '',
  },
  cluster,
  broker: connection,
  state,
  cache: {
    maxBytes: {
      doc: 'Filters kept on disk, so that they need not travel again. The least recently used go first.',
      format: 'count',
      default: 8 * 2 ** 30,
    },
  },
  engine,
  weight: {
    doc: 'Relative compute capacity: an agent of weight 2 gets twice the channels of one of weight 1.',
    format: 'positive',
    default: 1,
  },
  memory: {
    filterBytes: {
      doc: 'The most that plans may give this agent of filters, as in 200MB. .inf: no limit.',
      format: 'size',
      default: Number.POSITIVE_INFINITY,
    },
  },
  queue: { doc: 'Shards that may wait or run; one more is refused.', format: 'count', default: 64 },
  calibration,
  log,
};
