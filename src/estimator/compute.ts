import { WORK_KINDS, type Work, type WorkKind } from '../partition/work.ts';
import type { ComputeProfile, Gamma } from './profile.ts';

/** log MACs and log seconds of a γ's points. */
interface Curve {
  readonly macs: readonly number[];
  readonly logMacs: readonly number[];
  readonly logSeconds: readonly number[];
  readonly first: number;
  readonly last: number;
}

/** Prices the work of a shard on one device. */
export class ComputeModel {
  readonly profile: ComputeProfile;
  #last: { readonly work: readonly Work[]; readonly seconds: number } | undefined;
  readonly #curves: Readonly<Record<WorkKind, Curve>>;

  constructor(profile: ComputeProfile) {
    this.profile = profile;
    const { secondsPerMac } = profile;
    const curves = WORK_KINDS.map((kind) => [kind, curveOf(secondsPerMac[kind] ?? secondsPerMac.conv)]);
    this.#curves = Object.fromEntries(curves);
  }

  /** One run of the engine. Many devices of one kind are asked for the same shard in turn: the last answer is kept. */
  seconds(work: readonly Work[]): number {
    if (work === this.#last?.work) return this.#last.seconds;
    let seconds = this.profile.secondsPerRun;
    for (const each of work) seconds += this.secondsOf(each);
    this.#last = { work, seconds };
    return seconds;
  }

  /** One node: as long as its arithmetic or its memory traffic takes, whichever is longer. */
  secondsOf({ kind, macs, bytes, filterBytes }: Work): number {
    const { secondsPerByte, secondsPerByteOf } = this.profile;
    const memory = (bytes + filterBytes) * (secondsPerByteOf?.[kind] ?? secondsPerByte);
    if (macs === 0) return memory;
    return Math.max(secondsAt(this.#curves[kind], macs), memory);
  }
}

/** γ of a node of this many MACs: between two points a power law, beyond them that of the nearest. */
export function gammaAt(gamma: Gamma, macs: number): number {
  return secondsAt(curveOf(gamma), macs) / macs;
}

/** A noisy measurement must not make a larger node cheaper: seconds never fall from one point to the next. */
function curveOf(gamma: Gamma): Curve {
  let floor = 0;
  const seconds = gamma.map(({ macs, secondsPerMac }) => {
    floor = Math.max(floor, macs * secondsPerMac);
    return floor;
  });
  const macs = gamma.map((point) => point.macs);
  return {
    macs,
    logMacs: macs.map(Math.log),
    logSeconds: seconds.map(Math.log),
    first: seconds[0]! / macs[0]!,
    last: seconds.at(-1)! / macs.at(-1)!,
  };
}

function secondsAt(curve: Curve, macs: number): number {
  const points = curve.macs.length;
  if (macs <= curve.macs[0]!) return macs * curve.first;
  if (macs >= curve.macs[points - 1]!) return macs * curve.last;
  let at = 1;
  while (macs > curve.macs[at]!) at += 1;
  const [from, to] = [curve.logMacs[at - 1]!, curve.logMacs[at]!];
  const share = (Math.log(macs) - from) / (to - from);
  const [low, high] = [curve.logSeconds[at - 1]!, curve.logSeconds[at]!];
  return Math.exp(low + share * (high - low));
}
