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

/** Bytes, and how often at least. */
const STEPS = [
  [64, 7],
  [4 * 1024, 5],
  [64 * 1024, 4],
  [256 * 1024, 3],
  [512 * 1024, 3],
] as const;
/** On a link that leaves time for it, each step is taken so many times as often: fast links are noisy ones. */
const MORE = 3;
/** Silence before each probe: in service, too, both ends did something else before a message comes. */
const PAUSE_MS = 5;
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
  await pause(silenceMs);
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
    const last = points.at(-1)?.x;
    // of the size before: one that met a hiccup says nothing
    const usual = median(points.filter(({ x }) => x === last).map(({ y }) => y));
    const expected = last === undefined ? 0 : usual * Math.min(4, bytes / last);
    // two sizes at least, or there is no slope
    if (last !== undefined && last > STEPS[0][0] && spent + expected > budget) break;
    const share = spent + (budget - spent) / 2;
    const most = MORE * times;
    for (let at = 0; at < most && (at < 2 || spent < (at < times ? budget : share)); at += 1) {
      await pause(PAUSE_MS);
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
/** Chunks of a region follow one another; so many at most do here. */
const TRAIN = 16;

/** All links at once: to the agents, from them, and both. What was lost is left out. */
export async function measureBusy(
  links: ReadonlyMap<string, MeasuredLink>,
  roundTrip: (agent: string, there: number, back: number) => Promise<number | undefined>,
): Promise<BusyMeasurement> {
  const agents = [...links.keys()];
  const train = trainOf([...links.values()]);
  const bytes = train.messages * train.bytes;
  const convoy = async (agent: string, there: boolean): Promise<number | undefined> => {
    const sizes: readonly [number, number] = there ? [train.bytes, 0] : [0, train.bytes];
    const all = await Promise.all(Array.from({ length: train.messages }, () => roundTrip(agent, ...sizes)));
    const known = all.filter((seconds) => seconds !== undefined);
    return known.length === all.length ? Math.max(...known) : undefined;
  };
  const times = new Map(agents.map((agent) => [agent, { out: [] as number[], in: [] as number[] }]));
  const round = async (way: 'out' | 'in', counts = true): Promise<BusyRound[]> => {
    const all = await Promise.all(agents.map((agent) => convoy(agent, way === 'out')));
    for (const [at, seconds] of all.entries()) {
      if (counts && seconds !== undefined) times.get(agents[at]!)![way].push(seconds);
    }
    return wholeRound(bytes, all);
  };
  const bothWays = async () => {
    const all = agents.flatMap((agent) => [convoy(agent, false), convoy(agent, true)]);
    return wholeRound(bytes, await Promise.all(all));
  };
  const rounds = { out: [] as BusyRound[], in: [] as BusyRound[], both: [] as BusyRound[] };
  // all sockets make room for large messages
  await round('out', false);
  await round('in', false);
  for (let at = 0; at < BUSY_ROUNDS; at += 1) {
    rounds.out.push(...(await round('out')));
    rounds.in.push(...(await round('in')));
    rounds.both.push(...(await bothWays()));
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

/** Nothing where a message was lost. */
function wholeRound(bytes: number, all: readonly (number | undefined)[]): BusyRound[] {
  const known = all.filter((seconds) => seconds !== undefined);
  return known.length === all.length ? [{ bytes, seconds: Math.max(...known) }] : [];
}

/** About a tenth of a second for all agents, in messages of at most a chunk. */
function trainOf(links: readonly MeasuredLink[]): { readonly bytes: number; readonly messages: number } {
  const beta = links.reduce((sum, { toAgent, fromAgent }) => sum + (toAgent.beta + fromAgent.beta) / 2, 0);
  const chunk = 512 * 1024;
  const fitting = beta > 0 ? 0.1 / beta : Number.POSITIVE_INFINITY;
  return {
    bytes: Math.round(Math.min(chunk, Math.max(16 * 1024, fitting))),
    messages: Math.max(1, Math.min(TRAIN, Math.floor(fitting / chunk))),
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
