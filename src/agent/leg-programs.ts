import { IsobathError } from '../base/errors.ts';
import type { CompiledProgram } from '../engine/engine.ts';
import { fitsWithin, regionShape } from '../tensor/region.ts';
import { type LegExchange, regionOf, type ShardProgram } from '../wire/messages/control.ts';
import type { ResidentPrograms } from './resident-programs.ts';

/** The programs of later legs, as `ResidentPrograms` takes them. */
export function laterPrograms({ legs = [], blobs }: ShardProgram): Pick<ShardProgram, 'program' | 'blobs'>[] {
  return legs.map(({ program }) => ({ program, blobs }));
}

/** Compiles the programs of later legs, all or none. */
export async function acquireLegs(
  programs: ResidentPrograms,
  spec: ShardProgram,
): Promise<CompiledProgram[]> {
  const compiled: CompiledProgram[] = [];
  const later = laterPrograms(spec);
  try {
    for (const each of later) compiled.push(await programs.acquire(each));
  } catch (error) {
    for (const { program } of later.slice(0, compiled.length)) await programs.release(program.sha256);
    throw error;
  }
  return compiled;
}

/** Throws ISO_ERR_WIRE_MALFORMED where a leg reads or sends rows that are not there. */
export function requireSoundLegs(deployment: string, { stage, shard, legs = [] }: ShardProgram): void {
  for (const [at, leg] of legs.entries()) {
    const fault = faultOf(leg);
    if (!fault) continue;
    const reason = `leg ${at + 1} of shard ${shard} of stage ${stage} ${fault}`;
    throw IsobathError.of('ISO_ERR_WIRE_MALFORMED', { topic: `the deployment ${deployment}`, reason });
  }
}

function faultOf({ result, input, sends, receives, kept }: LegExchange): string | undefined {
  const sent = sends.find(({ region }) => !fitsWithin(regionOf(region), result.shape));
  if (sent) return `sends [${sent.region}] of a result of [${result.shape}]`;
  const received = receives.find(({ region }) => !fitsWithin(regionOf(region), input.shape));
  if (received) return `receives [${received.region}] of an input of [${input.shape}]`;
  if (result.dtype !== input.dtype) return `reads ${input.dtype} where the leg before makes ${result.dtype}`;
  if (!kept) return undefined;
  const [from, to] = [regionOf(kept.from), regionOf(kept.to)];
  const same = String(regionShape(from)) === String(regionShape(to));
  const fits = fitsWithin(from, result.shape) && fitsWithin(to, input.shape);
  return same && fits ? undefined : `keeps [${kept.from}] as [${kept.to}]`;
}
