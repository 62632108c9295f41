import { IsobathError } from '../base/errors.ts';
import { fitsWithin, regionShape } from '../tensor/region.ts';
import { type LegExchange, regionOf, type ShardProgram } from '../wire/messages/control.ts';
import type { ProgramSpec } from './resident-programs.ts';

/** What is compiled for a shard: its program, or those of its legs, whose tensors travel as they are. */
export function programsOf(spec: ShardProgram): ProgramSpec[] {
  const { program, blobs, legs } = spec;
  return legs ? [{ program, blobs }, ...legs.map((leg) => ({ program: leg.program, blobs }))] : [spec];
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
