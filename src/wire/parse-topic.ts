import { isName, isSha256 } from './names.ts';
import { PREFIX } from './topics.ts';

/** What a topic speaks of. */
export type Address =
  | { readonly kind: (typeof AGENT_LEAVES)[keyof typeof AGENT_LEAVES]; readonly agent: string }
  | { readonly kind: 'blob-get' | 'blob-part'; readonly sha256: string; readonly agent: string }
  | { readonly kind: 'ifm' | 'halo'; readonly deployment: string; readonly agent: string }
  | { readonly kind: 'shared-ifm'; readonly deployment: string; readonly stage: number }
  | { readonly kind: 'ofm'; readonly deployment: string; readonly stage: number; readonly shard: number }
  | { readonly kind: (typeof MODEL_REQUESTS)[number]; readonly model: string; readonly request: string }
  | { readonly kind: (typeof MODEL_LEAVES)[keyof typeof MODEL_LEAVES]; readonly model: string }
  | { readonly kind: (typeof MASTER_LEAVES)[keyof typeof MASTER_LEAVES] }
  | { readonly kind: 'calibrate' | 'calibrated'; readonly request: string };

/** The inverse of `Topics`; undefined for a topic of no known form or of another cluster. */
export function parseTopic(cluster: string, topic: string): Address | undefined {
  const root = `${PREFIX}/${cluster}/`;
  if (!topic.startsWith(root)) return undefined;
  const [family, ...rest] = topic.slice(root.length).split('/');
  return FAMILIES.get(family!)?.(rest);
}

const AGENT_LEAVES = {
  status: 'agent-status',
  profile: 'agent-profile',
  control: 'control',
  reply: 'reply',
  probe: 'probe',
  'probe-reply': 'probe-reply',
  loop: 'agent-loop',
  claim: 'agent-claim',
} as const;

const MODEL_REQUESTS = ['infer', 'result', 'explain', 'explained'] as const;
const MODEL_LEAVES = { info: 'model-info', state: 'model-state' } as const;

const MASTER_LEAVES = {
  status: 'master-status',
  fleet: 'fleet',
  loop: 'master-loop',
  claim: 'master-claim',
  models: 'model-list',
  agents: 'agent-list',
  events: 'events',
} as const;

const FAMILIES: ReadonlyMap<string, (levels: readonly string[]) => Address | undefined> = new Map([
  ['agents', agents],
  ['blobs', blobs],
  ['shards', shards],
  ['models', models],
  ['master', master],
]);

function agents([agent, leaf, ...more]: readonly string[]): Address | undefined {
  if (!isName(agent) || leaf === undefined || more.length > 0 || !Object.hasOwn(AGENT_LEAVES, leaf))
    return undefined;
  return { kind: AGENT_LEAVES[leaf as keyof typeof AGENT_LEAVES], agent };
}

function blobs([sha256, verb, agent, ...more]: readonly string[]): Address | undefined {
  if (!isSha256(sha256) || !isName(agent) || more.length > 0) return undefined;
  if (verb === 'get') return { kind: 'blob-get', sha256, agent };
  return verb === 'part' ? { kind: 'blob-part', sha256, agent } : undefined;
}

function shards([deployment, second, third, leaf, ...more]: readonly string[]): Address | undefined {
  if (!isName(deployment) || more.length > 0) return undefined;
  if (second === 'agents') {
    const isKnown = leaf === 'ifm' || leaf === 'halo';
    return isName(third) && isKnown ? { kind: leaf, deployment, agent: third } : undefined;
  }
  const stage = number(second);
  if (stage === undefined) return undefined;
  if (third === 'all') return leaf === 'ifm' ? { kind: 'shared-ifm', deployment, stage } : undefined;
  const shard = number(third);
  return shard !== undefined && leaf === 'ofm' ? { kind: 'ofm', deployment, stage, shard } : undefined;
}

function models([model, leaf, request, ...more]: readonly string[]): Address | undefined {
  if (!isName(model) || leaf === undefined || more.length > 0) return undefined;
  if (request === undefined) {
    return Object.hasOwn(MODEL_LEAVES, leaf)
      ? { kind: MODEL_LEAVES[leaf as keyof typeof MODEL_LEAVES], model }
      : undefined;
  }
  const kind = MODEL_REQUESTS.find((known) => known === leaf);
  return kind && isName(request) ? { kind, model, request } : undefined;
}

function master([leaf, request, ...more]: readonly string[]): Address | undefined {
  if (leaf === undefined || more.length > 0) return undefined;
  if (leaf === 'calibrate' || leaf === 'calibrated') {
    return isName(request) ? { kind: leaf, request } : undefined;
  }
  if (request !== undefined || !Object.hasOwn(MASTER_LEAVES, leaf)) return undefined;
  return { kind: MASTER_LEAVES[leaf as keyof typeof MASTER_LEAVES] };
}

function number(level: string | undefined): number | undefined {
  return level !== undefined && /^(0|[1-9][0-9]{0,5})$/.test(level) ? Number(level) : undefined;
}
