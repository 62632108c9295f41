import { shippedDevices } from '../../src/estimator/fleet-file.ts';
import { fleetOf } from '../../src/estimator/sweep.ts';
import type { Objective } from '../../src/planner/objective.ts';
import { planGraph, STRATEGY_NAMES } from '../../src/planner/strategies.ts';
import { deployed } from './support.ts';

export const LINKS = ['10mbit', '54mbit', '100mbit', '1gbit'];

/** Milliseconds of what the objective makes best, by strategy, of a zoo model on n devices of one kind. */
export async function predictions(
  model: string,
  agents: number,
  link: string,
  strategies: readonly string[] = STRATEGY_NAMES,
  objective: Objective = 'latency',
  device = 'raspberry-pi-4',
): Promise<Record<string, number>> {
  const fleet = fleetOf((await shippedDevices()).get(device)!, agents, link);
  const graph = deployed(model);
  return Object.fromEntries(
    strategies.map((strategy) => {
      const { predictedSeconds, throughputSeconds } = planGraph(graph, fleet, { strategy, objective });
      return [strategy, 1000 * (objective === 'latency' ? predictedSeconds : throughputSeconds)];
    }),
  );
}

/** The strategies that are predicted faster than `auto`. */
export function better({ auto, ...others }: Readonly<Record<string, number>>): string[] {
  return Object.entries(others)
    .filter(([, ms]) => ms < auto! * (1 - 1e-9))
    .map(([strategy, ms]) => `${strategy}: ${ms} ms, auto: ${auto} ms`);
}

/** Predicted seconds of `auto` on 1, 2, 4 ... 32 devices of one kind. */
export async function secondsByAgents(model: string, link: string): Promise<number[]> {
  const device = (await shippedDevices()).get('raspberry-pi-4')!;
  return [1, 2, 4, 8, 16, 32].map(
    (agents) =>
      planGraph(deployed(model), fleetOf(device, agents, link), { strategy: 'auto' }).predictedSeconds,
  );
}
