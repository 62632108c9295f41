import type { FleetModel, WorkerModel } from '../estimator/fleet-model.ts';
import type { OneWay } from '../estimator/profile.ts';
import type { Rates } from '../partition/scheme.ts';
import { YARDSTICK } from './team.ts';

const KNOWN = new WeakMap<readonly WorkerModel[], Rates>();

/**
 * What a scheme weighs computing against sending by: the slowest of the workers, the slowest of their links, and what
 * all of them share. Only where to exchange is chosen by it; what that costs is told by `stageCost`.
 */
export function ratesOf(model: FleetModel, workers: readonly WorkerModel[]): Rates {
  let rates = KNOWN.get(workers);
  if (!rates) {
    rates = made(model, workers);
    KNOWN.set(workers, rates);
  }
  return rates;
}

function made({ master, port, mediumBeta, broker }: FleetModel, workers: readonly WorkerModel[]): Rates {
  const { compute } = worst(workers, (worker) => worker.compute.secondsOf(YARDSTICK));
  const { secondsPerRun, copySecondsPerByte, secondsPerMessage = 0 } = compute.profile;
  const links = workers.filter(({ isMaster }) => !isMaster);
  const slowest = (way: 'toAgent' | 'fromAgent', of: keyof OneWay) =>
    Math.max(0, ...links.map((worker) => worker[way][of]));
  // all send at the same time, through the same cards and the same air
  const together = (beta: number, card: number) =>
    Math.max(beta, workers.length * card) +
    (links.some(({ onMedium }) => onMedium) ? workers.length * mediumBeta : 0);
  const cards = broker ?? port;
  const passing = broker ? 0 : (master.compute.profile.secondsPerMessage ?? 0) * workers.length;
  return {
    node: (work) => compute.secondsOf(work),
    run: secondsPerRun,
    inputByte: together(slowest('toAgent', 'beta'), cards.out),
    message: slowest('fromAgent', 'alpha') + slowest('toAgent', 'alpha') + 2 * secondsPerMessage + passing,
    byte:
      together(slowest('fromAgent', 'beta'), cards.in) +
      together(slowest('toAgent', 'beta'), cards.out) +
      2 * copySecondsPerByte,
    copiedByte: copySecondsPerByte,
  };
}

function worst(workers: readonly WorkerModel[], of: (worker: WorkerModel) => number): WorkerModel {
  return workers.reduce((most, worker) => (of(worker) > of(most) ? worker : most));
}
