import { IsobathError } from '../base/errors.ts';
import { type BusyRound, type BusyRounds, fitLink } from '../estimator/link-fit.ts';
import type { MeasuredLink, MeasuredWay } from '../estimator/measured.ts';
import { median, type Point, relativeSpread } from '../estimator/statistics.ts';

/** Seconds of a whole way, without what the other end held; undefined where the message was lost. */
export type RoundTrip = (there: number, back: number) => Promise<number | undefined>;

export interface LinkMeasurementOptions {
  /** Each way takes about so long at most. Default 400 ms. */
  readonly budgetMs?: number;
  /** Sleep before the last probe, to see what waking takes. Default: this is not measured. */
  readonly silenceMs?: number;
}

/** Bytes, and how often. */
const STEPS = [
  [64, 7],
  [4 * 1024, 5],
  [64 * 1024, 4],
  [256 * 1024, 3],
  [512 * 1024, 3],
] as const;
const MAX_LOST = 2;
/** Shorter ones are noise of the operating system. */
const LEAST_WAKE_SECONDS = 5e-3;

/** α and β of one link, each way. Throws ISO_ERR_LINK_UNMEASURED. */
export async function measureLink(
  agent: string,
  roundTrip: RoundTrip,
  { budgetMs = 400, silenceMs }: LinkMeasurementOptions = {},
): Promise<MeasuredLink> {
  await roundTrip(64, 64); // warms up
  const there = await sample(agent, (bytes) => roundTrip(bytes, 0), budgetMs / 1000);
  const back = await sample(agent, (bytes) => roundTrip(0, bytes), budgetMs / 1000);
  const link = fitLink({ there, back });
  if (silenceMs === undefined) return link;
  await new Promise((resolve) => setTimeout(resolve, silenceMs));
  const first = await roundTrip(64, 0);
  const usual = median(there.filter(({ x }) => x === 64).map(({ y }) => y));
  const wakeSeconds = first === undefined ? 0 : first - usual;
  return { ...link, wakeSeconds: wakeSeconds > LEAST_WAKE_SECONDS ? wakeSeconds : 0 };
}

/** Larger messages as long as the budget is not spent; a slow link is known well enough by smaller ones. */
async function sample(
  agent: string,
  seconds: (bytes: number) => Promise<number | undefined>,
  budget: number,
): Promise<Point[]> {
  const points: Point[] = [];
  let spent = 0;
  let lost = 0;
  for (const [bytes, times] of STEPS) {
    const last = points.at(-1);
    const expected = last ? last.y * Math.min(4, bytes / last.x) : 0;
    // two sizes at least, or there is no slope
    if (points.length > STEPS[0][1] && spent + expected > budget) break;
    for (let at = 0; at < times && (at < 2 || spent < budget); at += 1) {
      const y = await seconds(bytes);
      if (y !== undefined) points.push({ x: bytes, y });
      else if (++lost > MAX_LOST) {
        const reason = `${lost} messages were lost`;
        throw IsobathError.of('ISO_ERR_LINK_UNMEASURED', { agent, reason });
      }
      spent += y ?? 0;
    }
  }
  return points;
}

export interface BusyMeasurement {
  readonly rounds: BusyRounds;
  /** By agent, while all are busy. */
  readonly busy: ReadonlyMap<string, NonNullable<MeasuredLink['busy']>>;
}

const BUSY_ROUNDS = 5;

/** All links at once: to the agents, from them, and both. What was lost is left out. */
export async function measureBusy(
  links: ReadonlyMap<string, MeasuredLink>,
  roundTrip: (agent: string, there: number, back: number) => Promise<number | undefined>,
): Promise<BusyMeasurement> {
  const agents = [...links.keys()];
  const bytes = busyBytes([...links.values()]);
  const times = new Map(agents.map((agent) => [agent, { out: [] as number[], in: [] as number[] }]));
  const round = async (there: number, back: number, way?: 'out' | 'in'): Promise<BusyRound[]> => {
    const all = await Promise.all(agents.map((agent) => roundTrip(agent, there, back)));
    for (const [at, seconds] of all.entries()) {
      if (way && seconds !== undefined) times.get(agents[at]!)![way].push(seconds);
    }
    return wholeRound(bytes, all);
  };
  const rounds = { out: [] as BusyRound[], in: [] as BusyRound[], both: [] as BusyRound[] };
  // all sockets make room for large messages
  await round(bytes, 0);
  await round(0, bytes);
  for (let at = 0; at < BUSY_ROUNDS; at += 1) {
    rounds.out.push(...(await round(bytes, 0, 'out')));
    rounds.in.push(...(await round(0, bytes, 'in')));
    rounds.both.push(...(await bothWays(agents, bytes, roundTrip)));
  }
  const busy = new Map<string, NonNullable<MeasuredLink['busy']>>();
  for (const [agent, seen] of times) {
    const link = links.get(agent)!;
    if (seen.out.length === 0 || seen.in.length === 0) continue;
    const way = (seconds: readonly number[], { alpha }: MeasuredWay): MeasuredWay => ({
      alpha,
      beta: Math.max(0, median(seconds) - 2 * alpha) / bytes,
      spread: relativeSpread(seconds),
    });
    busy.set(agent, { toAgent: way(seen.out, link.toAgent), fromAgent: way(seen.in, link.fromAgent) });
  }
  return { rounds, busy };
}

/** A message each way at the same time: two probes, of which one asks for bytes and one brings them. */
async function bothWays(
  agents: readonly string[],
  bytes: number,
  roundTrip: (agent: string, there: number, back: number) => Promise<number | undefined>,
): Promise<BusyRound[]> {
  const all = await Promise.all(
    agents.flatMap((agent) => [roundTrip(agent, 0, bytes), roundTrip(agent, bytes, 0)]),
  );
  return wholeRound(bytes, all);
}

/** Nothing where a message was lost. */
function wholeRound(bytes: number, all: readonly (number | undefined)[]): BusyRound[] {
  const known = all.filter((seconds) => seconds !== undefined);
  return known.length === all.length ? [{ bytes, seconds: Math.max(...known) }] : [];
}

/** About a tenth of a second for all of them one after another, within a chunk. */
function busyBytes(links: readonly MeasuredLink[]): number {
  const beta = links.reduce((sum, { toAgent, fromAgent }) => sum + (toAgent.beta + fromAgent.beta) / 2, 0);
  const fitting = beta > 0 ? 0.1 / beta : Number.POSITIVE_INFINITY;
  return Math.round(Math.min(512 * 1024, Math.max(16 * 1024, fitting)));
}
