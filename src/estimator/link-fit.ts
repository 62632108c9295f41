import type { MeasuredLink, MeasuredWay } from './measured.ts';
import type { OneWay, PortProfile } from './profile.ts';
import { median, type Point, robustLine } from './statistics.ts';

/** Times of probes of one link: x bytes there or back, y seconds of the whole way without what the agent held them. */
export interface LinkSamples {
  /** x bytes to the agent, an empty answer. */
  readonly there: readonly Point[];
  /** An empty question, x bytes from the agent. */
  readonly back: readonly Point[];
}

/**
 * β of each way is the slope of its probes. Both intercepts are the same two messages, there and back: one clock cannot
 * tell them apart, so α is half of them each.
 */
export function fitLink({ there, back }: LinkSamples): MeasuredLink {
  const [to, from] = [robustLine(there), robustLine(back)];
  const alpha = (to.intercept + from.intercept) / 4;
  return {
    toAgent: { alpha, beta: to.slope, spread: to.spread },
    fromAgent: { alpha, beta: from.slope, spread: from.spread },
  };
}

/** α and β of a link whose messages also cross the master's own way to the broker, which they take first or last. */
export function withoutMasterLink(whole: MeasuredLink, master: MeasuredLink): MeasuredLink {
  const rest = (of: MeasuredWay, way: OneWay): MeasuredWay => ({
    ...of,
    alpha: atLeast(of.alpha - way.alpha, of.alpha),
    beta: atLeast(of.beta - way.beta, of.beta),
  });
  return {
    ...whole,
    toAgent: rest(whole.toAgent, master.toAgent),
    fromAgent: rest(whole.fromAgent, master.fromAgent),
  };
}

/** A part is never less than a twentieth of the whole: noise must not make it free. */
function atLeast(part: number, whole: number): number {
  return Math.max(part, whole / 20);
}

/** The master sent or received `bytes` over the link of each agent at the same time. Seconds until the last one was done. */
export interface BusyRound {
  readonly bytes: number;
  readonly seconds: number;
}

export interface BusyRounds {
  readonly out: readonly BusyRound[];
  readonly in: readonly BusyRound[];
  /** Both at the same time; `bytes` are those of one way. */
  readonly both: readonly BusyRound[];
}

/** What all links have in common, where that is what limits them. */
export interface SharedLimits {
  readonly masterPort?: PortProfile;
  readonly sharedMedium?: { readonly beta: number };
}

/** All together are slower than the slowest alone by this factor: then they share something. */
const SHARING = 1.3;
/** Both ways at once take more than this share of one after the other: then both ways share it. */
const HALF_DUPLEX = 0.8;

/** Compares what links do at the same time with what they do alone. Links that do not disturb each other give nothing. */
export function sharedLimits(links: readonly MeasuredLink[], rounds: BusyRounds): SharedLimits {
  if (links.length < 2) return {};
  const out = common(links, rounds.out, ({ toAgent }) => toAgent);
  const back = common(links, rounds.in, ({ fromAgent }) => fromAgent);
  if (out === undefined || back === undefined) return {};
  const seconds = (of: readonly BusyRound[]) => median(of.map((round) => round.seconds));
  const together = seconds(rounds.both);
  if (together > HALF_DUPLEX * (seconds(rounds.out) + seconds(rounds.in))) {
    return { sharedMedium: { beta: (out + back) / 2 } };
  }
  return { masterPort: { betaOut: out, betaIn: back } };
}

/** β of what the links share, in one direction; undefined where they share nothing that shows. */
function common(
  links: readonly MeasuredLink[],
  rounds: readonly BusyRound[],
  wayOf: (link: MeasuredLink) => OneWay,
): number | undefined {
  const alone = links.map(wayOf);
  const alphas = links.map(({ toAgent, fromAgent }) => toAgent.alpha + fromAgent.alpha);
  const betas = rounds.map(({ bytes, seconds }) => {
    const slowest = Math.max(...alone.map(({ beta }, at) => alphas[at]! + beta * bytes));
    const shared = Math.max(0, seconds - median(alphas)) / (bytes * links.length);
    return seconds > SHARING * slowest && shared > 0 ? shared : Number.NaN;
  });
  const beta = median(betas.filter((value) => !Number.isNaN(value)));
  return betas.filter(Number.isNaN).length * 2 > betas.length
    ? undefined
    : Number.isNaN(beta)
      ? undefined
      : beta;
}
