import type { MeasuredFleet } from '../../src/estimator/measured.ts';
import type { OneWay } from '../../src/estimator/profile.ts';
import type { Precision } from '../../src/tensor/precision.ts';
import { type Bound, boundOf } from './bound.ts';
import type { CpuHierarchy } from './cpu.ts';
import type { FailedStrategy, FogbedDocument, MeasuredStrategy } from './document.ts';
import { Fog } from './fog.ts';
import { type MeasureOptions, measureStrategy, spreadOf } from './measure.ts';
import type { FogModel } from './model.ts';

export interface CellOptions {
  readonly model: FogModel;
  readonly agents: number;
  /** Of the master, then of the agents, the last one again and again. */
  readonly cpu: readonly number[];
  readonly link: string;
  /** In bits per second. */
  readonly rate: number;
  readonly masterLink?: { readonly text: string; readonly rate: number };
  readonly shared: boolean;
  readonly strategies: readonly string[];
  readonly wires: readonly Precision[];
  readonly runs: number;
  readonly warmUp: number;
  readonly patienceMs: number;
  readonly inFlight: number;
  /** Devices are measured through their quota, as the product does. */
  readonly throughQuota: boolean;
  /** Added to each way of each agent's connection. */
  readonly latencyMs: number;
  readonly trouble: MeasureOptions['trouble'];
  readonly hierarchy: CpuHierarchy;
  /** Takes down what runs, at the end of the program at the latest. */
  readonly defer: (undo: () => Promise<void>) => void;
  readonly onProgress: (text: string) => void;
}

/** Baseline runs beside each strategy, so that both meet the same machine. */
const BESIDE = 2;

/** One fog, measured by all strategies. */
export async function measureCell(options: CellOptions): Promise<FogbedDocument> {
  const { model, agents, link, rate, masterLink, shared, strategies, wires, hierarchy, onProgress } = options;
  const cpus = Array.from({ length: agents + 1 }, (_, at) => options.cpu[at] ?? options.cpu.at(-1)!);
  const own = { device: rate, master: masterLink?.rate ?? rate, shared };
  const say = (text: string) => onProgress(`${agents} agents, ${link}: ${text}`);
  const { latencyMs, trouble } = options;
  const relayed = latencyMs > 0 || trouble.cut || trouble.stallMs !== undefined;
  const relay = relayed ? { relay: { latencyMs } } : {};
  const fog = new Fog({ pid: process.pid, agents, cpus, hierarchy, rates: own, ...relay });
  options.defer(() => fog.stop());
  try {
    say('making devices');
    await fog.start(model.file, model.inputs);
    say('measuring devices and links');
    const calibrated = await fog.calibrate(options.throughQuota);
    await fog.baseline.call<number>('run');
    const baselines: number[] = [];
    const measured: (MeasuredStrategy | FailedStrategy)[] = [];
    const choices = wires.flatMap((wire) => strategies.map((strategy) => ({ strategy, wire })));
    const beside = Math.max(BESIDE, Math.ceil(options.runs / choices.length));
    for (const choice of choices) {
      await fog.setLimited(true);
      for (let run = 0; run < beside; run += 1) baselines.push(await fog.baseline.call<number>('run'));
      say(`baseline ${Math.round(baselines.at(-1)!)} ms`);
      await fog.setLimited(false);
      const measure: MeasureOptions = {
        ...options,
        fog,
        model: model.name,
        file: model.file,
        onProgress: say,
      };
      const known = measured.flatMap((each) => ('error' in each ? [] : [each]));
      const one = await measureStrategy(measure, { ...choice, inFlight: options.inFlight }, known);
      measured.push(one);
      say(summaryOf(one));
    }
    const baseline = spreadOf(baselines);
    const { boundMs, ...bound } = cellBound(options, cpus, baseline.median);
    return {
      ...{
        model: model.spec,
        agents,
        cpu: alike(options.cpu),
        link,
        masterLink: masterLink?.text ?? link.replace('wifi:', ''),
      },
      ...{ medium: shared ? ('shared' as const) : ('cables' as const), baselineMs: baseline.median },
      ...(latencyMs > 0 ? { latencyMs } : {}),
      ...{ baseline: { ...baseline, runs: baselines.length }, boundMs, bound },
      calibrated: calibratedLinks(calibrated),
      strategies: measured.map((each) =>
        'error' in each ? each : { ...each, speedup: baseline.median / each.latencyMs.median },
      ),
    };
  } finally {
    await fog.stop();
  }
}

function cellBound(
  { model, rate, masterLink, shared }: CellOptions,
  cpus: readonly number[],
  baselineMs: number,
): Bound {
  return boundOf({
    ...{ baselineMs, cpus, shared },
    inputBytes: model.inputBytes,
    outputBytes: model.outputBytes,
    rate: shared ? Math.min(rate, masterLink?.rate ?? rate) : (masterLink?.rate ?? rate),
  });
}

/** Told at once: a run that is ended before its end prints no document. */
function summaryOf(measured: MeasuredStrategy | FailedStrategy): string {
  const { strategy, wire } = measured;
  if ('error' in measured) return `${strategy}, ${wire}: failed`;
  const { latencyMs, predictedMs } = measured;
  const [median, min, max, predicted] = [latencyMs.median, latencyMs.min, latencyMs.max, predictedMs].map(
    Math.round,
  );
  return `${strategy}, ${wire}: median ${median} ms (${min} to ${max}), predicted ${predicted} ms`;
}

/** What the plans rest on, in words of people. */
function calibratedLinks({ agents, masterPort, sharedMedium }: MeasuredFleet): FogbedDocument['calibrated'] {
  const mbit = (beta: number) => 8e-6 / beta;
  const way = ({ alpha, beta }: OneWay) => ({ alphaMs: 1000 * alpha, mbit: mbit(beta) });
  return {
    links: agents.flatMap(({ id, link }) =>
      link ? [{ agent: id, toAgent: way(link.toAgent), fromAgent: way(link.fromAgent) }] : [],
    ),
    ...(masterPort
      ? { masterPort: { outMbit: mbit(masterPort.betaOut), inMbit: mbit(masterPort.betaIn) } }
      : {}),
    ...(sharedMedium ? { sharedMediumMbit: mbit(sharedMedium.beta) } : {}),
  };
}

function alike(cpu: readonly number[]): number | readonly number[] {
  return cpu.every((share) => share === cpu[0]) ? cpu[0]! : cpu;
}
