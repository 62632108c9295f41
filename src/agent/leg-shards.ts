import type { RunResult } from '../engine/engine.ts';
import { LegRunner, type LegRunnerOptions } from '../exchange/leg-runner.ts';
import { decodeFrame } from '../wire/codec.ts';
import { HALO_CHUNK } from '../wire/messages/halo.ts';
import type { Deployment } from './deployments.ts';
import type { ShardJob } from './shard-inbox.ts';

/** The shards in legs of one deployment on this agent; undefined where it has none. */
export async function serveLegs(
  deployment: Deployment,
  agent: string,
  options: Omit<LegRunnerOptions, 'deployment' | 'legsOf'>,
): Promise<{ runner: LegRunner; unsubscribe: () => Promise<void> } | undefined> {
  if (deployment.shards.every(({ spec }) => !spec.legs)) return undefined;
  const { bus, topics } = options;
  const legsOf = (stage: number, shard: number) => deployment.shard(stage, shard)?.spec.legs;
  const runner = new LegRunner({ ...options, deployment: deployment.id, legsOf });
  const unsubscribe = await bus.subscribe(topics.halo(deployment.id, agent), (topic, payload) => {
    const { header, bytes } = decodeFrame(HALO_CHUNK, topic, payload);
    runner.inbox.add(topic, header, bytes);
  });
  return { runner, unsubscribe };
}

/** Runs a job on its engine, leg by leg where it has legs. */
export function runJob(
  { shard, request, attempt, inputs, exclusive }: ShardJob,
  legs: LegRunner | undefined,
): Promise<RunResult> {
  const { spec, program } = shard;
  if (!legs || !spec.legs) return program.run(inputs, { consume: exclusive });
  const programs = [program, ...shard.legs];
  const of = { request, attempt, stage: spec.stage, shard: spec.shard };
  return legs.run({ ...of, programs, legs: spec.legs, inputs, consume: exclusive });
}
