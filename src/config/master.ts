import { OBJECTIVES, type Objective } from '../planner/objective.ts';
import { PRECISIONS, type Precision } from '../tensor/precision.ts';
import {
  type ConnectionSettings,
  calibration,
  cluster,
  connection,
  type EngineSettings,
  engine,
  type HomeAssistantGroup,
  homeAssistant,
  type LimitSettings,
  type ListenSettings,
  type LogSettings,
  limits,
  listen,
  log,
  state,
  type User,
  users,
} from './groups.ts';
import type { SchemaOf } from './schema.ts';

/** One entry of `models`: a name or path, or that with how it is to be served. */
export type ModelEntry =
  | string
  | {
      readonly model: string;
      readonly name?: string;
      readonly strategy?: string;
      readonly scheme?: string;
      readonly wire?: Precision;
      readonly objective?: Objective;
      readonly shapes?: Readonly<Record<string, readonly number[]>>;
    };

/** Settings of `isobath master`. */
export interface MasterSettings {
  cluster: string;
  models: readonly ModelEntry[];
  repository: { directory: string; pollMs: number; watchSeconds: number };
  strategy: string;
  scheme: string;
  wire: Precision;
  objective: Objective;
  broker: ConnectionSettings;
  listen: ListenSettings;
  users: readonly User[];
  limits: LimitSettings;
  state: { directory: string };
  engine: EngineSettings;
  request: { concurrency: number; queue: number };
  deploy: { settleMs: number; replanMs: number; timeoutMs: number; standby: number };
  deadline: { minMs: number; maxMs: number };
  calibration: 'start' | 'never';
  homeAssistant: HomeAssistantGroup;
  memory: { filterBytes: number };
  log: LogSettings;
}

export const masterSchema: SchemaOf<MasterSettings> = {
  cluster,
  models: {
    doc: 'What is served: bundled names, zoo:NAME, paths of model files, or mappings of model, name, strategy, scheme, wire, objective and shapes. Left empty: street, unless there is a `repository.directory`.',
    format: 'models',
    default: [],
  },
  repository: {
    directory: {
      doc: 'A directory of models with versions, as `isobath import` fills it, that is served and watched. Left empty: none.',
      format: 'text',
      default: '',
    },
    pollMs: {
      doc: 'Milliseconds between two looks at the directory; what changed is believed when two in a row agree.',
      format: 'count',
      default: 2000,
    },
    watchSeconds: {
      doc: 'For so long after a new version took over, three failed requests in a row bring the version before it back.',
      format: 'natural',
      default: 300,
    },
  },
  strategy: {
    doc: 'How models are planned, where their entry does not say: auto, depth, local, paper, rows, grid, modnn, deepthings, iop or replica.',
    format: 'text',
    default: 'depth',
  },
  scheme: {
    doc: 'The scheme of the strategy `depth`: output-depth, input-depth or depth-grid.',
    format: 'text',
    default: 'output-depth',
  },
  wire: {
    doc: 'How feature maps travel, where the entry of a model does not say: float32, without loss, float16 or int8.',
    format: [...PRECISIONS],
    default: 'float32',
  },
  objective: {
    doc: 'What plans make best, where the entry of a model does not say: latency of one inference, or throughput of many at a time.',
    format: [...OBJECTIVES],
    default: 'latency',
  },
  broker: {
    ...connection,
    url: {
      ...connection.url,
      doc: 'A broker to connect to, as mqtt://host:1883. Left empty: the master runs one itself, as `listen`, `users` and `limits` say.',
      default: '',
    },
  },
  listen,
  users,
  limits,
  state,
  engine,
  request: {
    concurrency: { doc: 'Requests that run at a time.', format: 'count', default: 2 },
    queue: { doc: 'Requests that may wait; one more is refused.', format: 'natural', default: 64 },
  },
  deploy: {
    settleMs: {
      doc: 'Milliseconds without a change of the fleet before a new plan is made.',
      format: 'natural',
      default: 300,
    },
    replanMs: {
      doc: 'Milliseconds between plans that only better figures ask for. After plans that gained too little: up to 16 times as long.',
      format: 'natural',
      default: 10_000,
    },
    timeoutMs: {
      doc: 'Milliseconds without a sign of life after which a deploying agent has failed.',
      format: 'count',
      default: 60_000,
    },
    standby: { doc: 'Further agents that hold each shard, besides its own.', format: 'natural', default: 0 },
  },
  deadline: {
    minMs: { doc: 'A shard is never given up sooner.', format: 'count', default: 2000 },
    maxMs: { doc: 'A shard is given up after so long at most.', format: 'count', default: 30_000 },
  },
  memory: {
    filterBytes: {
      doc: 'The most that plans may leave to the master of filters, as in 200MB. .inf: no limit.',
      format: 'size',
      default: Number.POSITIVE_INFINITY,
    },
  },
  calibration: {
    ...calibration,
    doc: 'start: measures this device at its first start, and the link of each agent that joins. never: only when `isobath calibrate` asks.',
  },
  homeAssistant,
  log,
};
