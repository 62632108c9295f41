import { availableParallelism, totalmem } from 'node:os';
import type { Engine } from '../engine/engine.ts';
import { PRECISIONS } from '../tensor/precision.ts';
import { VERSION } from '../wire/messages/common.ts';
import type { AgentProfile } from '../wire/messages/status.ts';

interface OwnFacts {
  readonly weight: number;
  readonly host: string;
  readonly filterBytesLimit?: number | undefined;
}

/** What this device is; `held` is what changes while it runs. */
export function profileOf(
  agent: string,
  engine: Engine,
  { weight, filterBytesLimit, host }: OwnFacts,
  held: Pick<AgentProfile, 'filterBytesReceived' | 'programs' | 'compute'>,
): AgentProfile {
  return {
    v: VERSION,
    agent,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    engine: { name: engine.name, version: engine.version, threads: engine.threads },
    weight,
    ...(filterBytesLimit === undefined ? {} : { filterBytesLimit }),
    host,
    platform: `${process.platform}-${process.arch}`,
    node: process.versions.node,
    wire: PRECISIONS,
    ...held,
  };
}
