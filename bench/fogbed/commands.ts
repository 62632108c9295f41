import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { Precision } from '../../src/tensor/precision.ts';

/** How the program is called on the devices. */

/** As users have it: `npm run build` makes it. */
export const PROGRAM = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
export const CLUSTER = 'fog';
export const PORT = 1883;
/** What was learnt is planned for so soon: while the limits are off, for that is waited for. */
export const REPLAN_MS = 2000;

/** A quota is a share of one processor, so one thread is all that it feeds. */
const ENGINE = ['--engine', 'onnxruntime', '--threads', '1'];
/** They end with this program; devices are measured when it says so. */
const SERVICE = [...ENGINE, '--cluster', CLUSTER, '--calibration', 'never', '--with-parent'];

/** How the master is to plan and send. */
export interface MasterChoice {
  readonly strategy: string;
  readonly wire: Precision;
  /** Inferences that may run at a time. */
  readonly inFlight: number;
}

/** Settings of a master that serves what comes to lie in the directory `models`. */
export function masterSettings({ strategy, wire, inFlight }: MasterChoice, models: string): string {
  return stringify({
    ...{ strategy, wire, repository: { directory: models, pollMs: 2000 } },
    objective: inFlight > 1 ? 'throughput' : 'latency',
    request: { concurrency: Math.max(2, inFlight) },
    deploy: { replanMs: REPLAN_MS },
    // the slowest plans on the slowest links take a minute for one layer
    deadline: { maxMs: 600_000 },
    listen: { host: '0.0.0.0', port: PORT },
  });
}

export function masterCall(settings: string, state: string): string[] {
  return ['master', ...SERVICE, '--config', settings, '--state', state, '--log-level', 'error', '--json'];
}

export function agentCall(name: string, url: string, state: string): string[] {
  return ['agent', ...SERVICE, '--name', name, '--broker', url, '--state', state, '--log-level', 'error'];
}

export function calibrateCall(): string[] {
  return ['calibrate', '--local', ...ENGINE, '--json'];
}

/** A helper of this bench, which lies beside this file. */
export function workerOf(name: 'baseline' | 'client' | 'relay'): string {
  return fileURLToPath(new URL(`./${name}-worker.js`, import.meta.url));
}
