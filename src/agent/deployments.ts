import { IsobathError } from '../base/errors.ts';
import type { CompiledProgram } from '../engine/engine.ts';
import type { ShardProgram } from '../wire/messages/control.ts';
import type { Fetched, ResidentPrograms } from './resident-programs.ts';

/** A shard that this agent can run. */
export interface ResidentShard {
  readonly spec: ShardProgram;
  readonly program: CompiledProgram;
}

/** The shards of one deployment on this agent. */
export class Deployment {
  readonly id: string;
  readonly #shards = new Map<string, ResidentShard>();

  constructor(id: string, shards: readonly ResidentShard[]) {
    this.id = id;
    for (const shard of shards) this.#shards.set(`${shard.spec.stage}/${shard.spec.shard}`, shard);
  }

  shard(stage: number, shard: number): ResidentShard | undefined {
    return this.#shards.get(`${stage}/${shard}`);
  }

  /** The shards that run when the regions on the stage's shared topic are there. */
  sharing(stage: number): ResidentShard[] {
    return this.shards.filter(({ spec }) => spec.stage === stage && !spec.standby);
  }

  get shards(): ResidentShard[] {
    return [...this.#shards.values()];
  }

  /** Stages whose shared topic this agent listens to. */
  get sharedStages(): number[] {
    const sharing = this.shards.filter(
      ({ spec }) => !spec.standby && spec.inputs.some(({ shared }) => shared),
    );
    return [...new Set(sharing.map(({ spec }) => spec.stage))];
  }
}

/** Makes a deployment resident, or leaves nothing of it behind. */
export async function makeResident(
  programs: ResidentPrograms,
  id: string,
  specs: readonly ShardProgram[],
): Promise<{ deployment: Deployment; fetched: Fetched }> {
  const named = new Set(specs.map(({ stage, shard }) => `${stage}/${shard}`));
  if (named.size < specs.length) {
    const reason = 'a shard is named twice';
    throw IsobathError.of('ISO_ERR_WIRE_MALFORMED', { topic: `the deployment ${id}`, reason });
  }
  const fetched = await programs.fetch(specs);
  const shards: ResidentShard[] = [];
  try {
    for (const spec of specs) shards.push({ spec, program: await programs.acquire(spec) });
  } catch (error) {
    for (const { spec } of shards) await programs.release(spec);
    throw error;
  }
  return { deployment: new Deployment(id, shards), fetched };
}
