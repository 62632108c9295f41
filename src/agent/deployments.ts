import { IsobathError } from '../base/errors.ts';
import type { CompiledProgram } from '../engine/engine.ts';
import type { ShardProgram } from '../wire/messages/control.ts';
import { programsOf, requireSoundLegs } from './leg-programs.ts';
import type { Fetched, ResidentPrograms } from './resident-programs.ts';

/** A shard that this agent can run. */
export interface ResidentShard {
  readonly spec: ShardProgram;
  readonly program: CompiledProgram;
  /** The programs of its later legs. */
  readonly legs: readonly CompiledProgram[];
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
  for (const spec of specs) requireSoundLegs(id, spec);
  const fetched = await programs.fetch(specs.flatMap(programsOf));
  const shards: ResidentShard[] = [];
  try {
    for (const spec of specs) shards.push(await residentShard(programs, spec));
  } catch (error) {
    await releaseAll(programs, shards);
    throw error;
  }
  return { deployment: new Deployment(id, shards), fetched };
}

/** Compiles all programs of the shard, or none. */
async function residentShard(programs: ResidentPrograms, spec: ShardProgram): Promise<ResidentShard> {
  const wanted = programsOf(spec);
  const compiled: CompiledProgram[] = [];
  try {
    for (const each of wanted) compiled.push(await programs.acquire(each));
  } catch (error) {
    for (const each of wanted.slice(0, compiled.length)) await programs.release(each);
    throw error;
  }
  const [program, ...legs] = compiled;
  return { spec, program: program!, legs };
}

/** Lets go of all programs of the shards. */
export async function releaseAll(
  programs: ResidentPrograms,
  shards: readonly ResidentShard[],
): Promise<void> {
  for (const each of shards.flatMap(({ spec }) => programsOf(spec))) await programs.release(each);
}
