import type { ComputeProfile, DeviceProfile, FleetProfile, Gamma, LinkProfile, OneWay } from './profile.ts';
import { weightedMedian } from './statistics.ts';

/**
 * What can be wrong about a worker: its computing, each way of its link, and the copying of its device. Waiting is none
 * of these and is to be left out of what was measured.
 */
export const CORRECTED_TERMS = ['compute', 'toAgent', 'fromAgent', 'copy'] as const;
export type CorrectedTerm = (typeof CORRECTED_TERMS)[number];

export interface Observation {
  readonly worker: string;
  readonly term: CorrectedTerm;
  readonly predictedSeconds: number;
  readonly measuredSeconds: number;
  /** The factor that was in force when the prediction was made. Default: the one in force now. */
  readonly factor?: number;
}

export interface CorrectionOptions {
  /** Weight of the newest observation. Default 0.2. */
  readonly forgetting?: number;
  /** A factor changes only when it is off by this share at least. Default 0.15. */
  readonly hysteresis?: number;
  /** Observations before the first change. Default 3. */
  readonly least?: number;
  /** No factor is larger, or smaller than its inverse. Default 8. */
  readonly bound?: number;
}

/** Radios and queues: links are noisier than processors, and a plan that moves with every hiccup is worse than a slow one. */
const LINK = { least: 5, hysteresis: 0.5, bound: 64 };
/** Event loops are busy by what they do: a collection of garbage is noise, and a burst of empty messages was the wrong measure by far. */
const COPY = { least: 3, hysteresis: 0.3, bound: 64 };
/** The median of so many counts for a link, or copies: what happens to less than half of the messages changes nothing. */
const WINDOW = 9;

interface State {
  /** Logarithms of the last observations but of computing, weighed by what was predicted. */
  readonly recent: { readonly value: number; readonly weight: number }[];
  /** Smoothed seconds that were predicted. */
  weight: number;
  /** Logarithm of the smoothed factor. */
  smoothed: number;
  /** The factor in force. */
  factor: number;
  count: number;
}

/** One observation counts for no more than this factor: a stage that met a hiccup says little. */
const LARGEST_RATIO = 4;

/**
 * Corrects a fleet profile by what stages took in service. Each (worker, term) has a factor: the exponentially weighted
 * mean of measured / predicted, in logarithms, so that twice and half as long weigh alike; for links and copies the median
 * of the last ones. What was to take longer weighs more, as it does in the time of a plan. The factor in force follows
 * it in steps only, so that plans do not thrash.
 */
export class Correction {
  readonly #options: Required<CorrectionOptions>;
  readonly #states = new Map<string, State>();

  constructor(options: CorrectionOptions = {}) {
    this.#options = { forgetting: 0.2, hysteresis: 0.15, least: 3, bound: 8, ...options };
  }

  /** Multiplies the times of the worker's term. 1 until something else was seen. */
  factor(worker: string, term: CorrectedTerm): number {
    return this.#states.get(keyOf(worker, term))?.factor ?? 1;
  }

  /** True where a factor in force changed: predictions made before it are out of date. */
  observe({ worker, term, predictedSeconds, measuredSeconds, factor }: Observation): boolean {
    if (!(predictedSeconds > 0 && measuredSeconds > 0)) return false;
    if (!Number.isFinite(predictedSeconds) || !Number.isFinite(measuredSeconds)) return false;
    const { forgetting, ...others } = this.#options;
    const { hysteresis, least, bound } = { compute: others, copy: COPY, toAgent: LINK, fromAgent: LINK }[
      term
    ];
    const key = keyOf(worker, term);
    const state = this.#states.get(key) ?? { recent: [], weight: 0, smoothed: 0, factor: 1, count: 0 };
    this.#states.set(key, state);
    const seen = Math.log((measuredSeconds / predictedSeconds) * (factor ?? state.factor));
    state.count += 1;
    if (term !== 'compute') {
      state.recent.push({ value: seen, weight: predictedSeconds });
      if (state.recent.length > WINDOW) state.recent.shift();
      state.smoothed = weightedMedian(state.recent);
    } else {
      const limit = Math.log(LARGEST_RATIO);
      const target = clamp(seen, state.smoothed - limit, state.smoothed + limit);
      // the first few count alike: their mean
      const newest = Math.max(forgetting, 1 / state.count);
      state.weight += newest * (predictedSeconds - state.weight);
      state.smoothed += ((newest * predictedSeconds) / state.weight) * (target - state.smoothed);
    }
    state.smoothed = clamp(state.smoothed, -Math.log(bound), Math.log(bound));
    const change = Math.abs(state.smoothed - Math.log(state.factor));
    if (state.count < least || change < Math.log(1 + hysteresis)) return false;
    state.factor = Math.exp(state.smoothed);
    return true;
  }

  /**
   * A link of which too little was seen is thought to be as far off as half of the others are: were it taken as it was measured,
   * plans would run after whatever nobody has tried.
   */
  #likelyFactor(worker: string, term: CorrectedTerm): number {
    const own = this.#states.get(keyOf(worker, term));
    if (term === 'compute' || term === 'copy' || (own && own.count >= LINK.least)) return own?.factor ?? 1;
    const others = [...this.#states].flatMap(([key, { count, factor }]) =>
      key.endsWith(`/${term}`) && count >= LINK.least ? [{ value: factor, weight: 1 }] : [],
    );
    return others.length > 0 ? weightedMedian(others) : 1;
  }

  /** True while a factor of one of these workers is in force. */
  corrects(workers: readonly string[]): boolean {
    return workers.some((worker) => CORRECTED_TERMS.some((term) => this.factor(worker, term) !== 1));
  }

  /** The worker was measured anew, or left: what was seen of it holds no more. */
  forget(worker: string, terms: readonly CorrectedTerm[] = CORRECTED_TERMS): void {
    for (const term of terms) this.#states.delete(keyOf(worker, term));
  }

  /** `profile` with all factors in force, or those of some terms. Worker ids are those of its devices. */
  corrected<F extends FleetProfile>(profile: F, terms: readonly CorrectedTerm[] = CORRECTED_TERMS): F {
    const device = <D extends DeviceProfile>(of: D) => this.#device(of, terms);
    const { master, agents } = profile;
    return { ...profile, master: device(master), agents: agents.map(device) };
  }

  #device<D extends DeviceProfile>(device: D, terms: readonly CorrectedTerm[]): D {
    const factor = (term: CorrectedTerm) => (terms.includes(term) ? this.#likelyFactor(device.id, term) : 1);
    const compute = slower(device.compute, factor('compute'), factor('copy'));
    if (!device.link) return { ...device, compute };
    return { ...device, compute, link: slowerLink(device.link, factor('toAgent'), factor('fromAgent')) };
  }
}

function slower(compute: ComputeProfile, byCompute: number, byCopy: number): ComputeProfile {
  const { secondsPerMac, secondsPerByte, secondsPerByteOf, secondsPerRun, copySecondsPerByte } = compute;
  const { secondsPerMessage } = compute;
  const scaled = (gamma: Gamma): Gamma =>
    gamma.map((point) => ({ ...point, secondsPerMac: point.secondsPerMac * byCompute }));
  const gammas = Object.entries(secondsPerMac).map(([kind, gamma]) => [kind, scaled(gamma)] as const);
  const rates = Object.entries(secondsPerByteOf ?? {}).map(([kind, rate]) => [kind, rate * byCompute]);
  return {
    ...compute,
    secondsPerMac: { conv: scaled(secondsPerMac.conv), ...Object.fromEntries(gammas) },
    secondsPerByte: secondsPerByte * byCompute,
    ...(secondsPerByteOf ? { secondsPerByteOf: Object.fromEntries(rates) } : {}),
    secondsPerRun: secondsPerRun * byCompute,
    copySecondsPerByte: copySecondsPerByte * byCopy,
    ...(secondsPerMessage === undefined ? {} : { secondsPerMessage: secondsPerMessage * byCopy }),
  };
}

function slowerLink(link: LinkProfile, to: number, from: number): LinkProfile {
  const scaled = (way: OneWay, by: number) => ({ ...way, alpha: way.alpha * by, beta: way.beta * by });
  return { ...link, toAgent: scaled(link.toAgent, to), fromAgent: scaled(link.fromAgent, from) };
}

function keyOf(worker: string, term: CorrectedTerm): string {
  return `${worker}/${term}`;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
