import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { CrowdRequest } from './scale-crowd.ts';
import { machine } from './support/machine.ts';
import { Party } from './support/party.ts';
import { type Spread, spreadOf } from './support/spread.ts';

/**
 * The cost of growing: a master with the broker in its process, one agent that works, and so many that are idle. The idle ones
 * are light clients of one process. `npm run bench:scale -- --agents 1,8,64,256 --models resnet50 --runs 100`
 */
const { values } = parseArgs({
  options: {
    agents: { type: 'string', default: '1,8,64,256' },
    /** Planned by `auto`, over devices that are all alike. */
    models: { type: 'string', default: 'vgg16,resnet50' },
    /** Inferences that are measured. */
    runs: { type: 'string', default: '200' },
    /** A plan that takes longer is given up. */
    'plan-limit': { type: 'string', default: '60000' },
    flags: { type: 'string', default: '' },
  },
});
const CLUSTER = 'bench';

interface Planned {
  readonly model: string;
  /** Null where it was given up. */
  readonly planMs: number | null;
  /** The longest that the event loop stood still meanwhile. */
  readonly blockedMs: number;
  readonly predictedMs: number | null;
}

interface Row {
  readonly agents: number;
  /** From the first connection of the fleet until the model is deployed for all of it. */
  readonly joinMs: number;
  /** From the start of a master to its deployment on a fleet that is there, and its CPU time. */
  readonly startMs: number;
  readonly startCpuMs: number;
  readonly inferenceMs: Spread;
  readonly cpuMsPerInference: number;
  /** Of the process of master and broker. */
  readonly rssMiB: number;
  /** Of JavaScript in it, with its buffers, after a collection. */
  readonly heapMiB: number;
  readonly planning: readonly Planned[];
}

const rounded = (value: number, digits = 1) => Number(value.toFixed(digits));

async function measure(agents: number): Promise<Row> {
  const directory = await mkdtemp(join(tmpdir(), 'isobath-bench-'));
  const flags = ['--expose-gc', ...values.flags.split(' ').filter(Boolean)];
  const hub = new Party(new URL('./scale-hub.js', import.meta.url), flags);
  const crowd = new Party(new URL('./scale-crowd.js', import.meta.url));
  const worker = new Party(new URL('./wire-far.js', import.meta.url));
  try {
    const port = await hub.ask<number>('open', { cluster: CLUSTER, directory: join(directory, 'hub') });
    await hub.ask('expect', { members: agents });
    const started = performance.now();
    const far = { side: 'ours', port, bytes: 0, chunkBytes: 2 ** 19, directory: join(directory, 'far') };
    await Promise.all([
      worker.ask('open', far),
      crowd.ask('join', { port, cluster: CLUSTER, agents: agents - 1 } satisfies CrowdRequest),
    ]);
    await hub.ask('grown');
    const joinMs = performance.now() - started;
    const grown = await hub.ask<{ rss: number; heap: number }>('memory');
    const start = await hub.ask<{ ms: number; cpuMs: number }>('restart', { members: agents });
    await hub.ask('infer', { runs: 50 });
    const { cpuMs, times } = await hub.ask<{ cpuMs: number; times: number[] }>('infer', {
      runs: Number(values.runs),
    });
    const planning: Planned[] = [];
    for (const model of values.models.split(',')) {
      const request = { model, limitMs: Number(values['plan-limit']) };
      const plan = await hub.ask<{ planMs?: number; blockedMs: number; predictedMs?: number }>(
        'plan',
        request,
      );
      planning.push({
        model,
        planMs: plan.planMs === undefined ? null : rounded(plan.planMs, 0),
        blockedMs: rounded(plan.blockedMs),
        predictedMs: plan.predictedMs === undefined ? null : rounded(plan.predictedMs),
      });
    }
    return {
      agents,
      joinMs: rounded(joinMs, 0),
      startMs: rounded(start.ms, 0),
      startCpuMs: rounded(start.cpuMs, 0),
      inferenceMs: spreadOf(times, 2),
      cpuMsPerInference: rounded(cpuMs, 2),
      rssMiB: rounded(grown.rss, 0),
      heapMiB: rounded(grown.heap),
      planning,
    };
  } finally {
    await crowd.ask('leave').catch(() => undefined);
    await worker.ask('stop').catch(() => undefined);
    await hub.ask('stop').catch(() => undefined);
    await Promise.all([crowd.stop(), worker.stop(), hub.stop()]);
    await rm(directory, { recursive: true, force: true });
  }
}

const rows: Row[] = [];
for (const agents of values.agents.split(',').map(Number)) {
  const row = await measure(agents);
  rows.push(row);
  console.error(
    `${agents} agents: joined in ${row.joinMs} ms, ${row.cpuMsPerInference} ms of CPU per inference`,
  );
}
const [first, last] = [rows[0]!, rows.at(-1)!];
const grown = last.agents - first.agents;
const document = {
  node: process.version,
  machine: machine(),
  /** Of master and broker, between the first row and the last. */
  heapKiBPerAgent: grown > 0 ? rounded((1024 * (last.heapMiB - first.heapMiB)) / grown) : null,
  rows,
};
console.log(JSON.stringify(document, null, 2));
