import { rm } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { silentLogger } from '../src/base/logger.ts';
import { Broker } from '../src/broker/broker.ts';
import { inferTypes } from '../src/graph/infer.ts';
import { simplify } from '../src/graph/passes/index.ts';
import { Master } from '../src/master/master.ts';
import { planInSlices } from '../src/planner/strategies.ts';
import { sizeOf } from '../src/tensor/region.ts';
import { Tensor } from '../src/tensor/tensor.ts';
import { zooModel } from '../src/zoo/zoo.ts';
import { EchoEngine, echoGraph } from './support/echo.ts';
import { serve } from './support/party.ts';

export interface ScaleHubRequest {
  readonly cluster: string;
  readonly directory: string;
}

const graph = echoGraph(256, 28);
const { shape } = graph.types.get('x')!;
const inputs = new Map([['x', Tensor.float32(shape, new Float32Array(sizeOf(shape)).fill(1))]]);

let broker: Broker | undefined;
let master: Master | undefined;
let options: ScaleHubRequest | undefined;

async function startMaster(): Promise<void> {
  const { cluster, directory } = options!;
  master = new Master({
    cluster,
    connect: (will) => broker!.bus({ will }),
    engine: new EchoEngine(),
    logger: silentLogger,
    directory,
    models: [{ name: 'echo', graph, strategy: 'depth', scheme: 'output-depth' }],
    settleMs: 50,
    host: 'hub',
  });
  await master.start();
}

/** Resolves when the model is deployed for a fleet of so many. */
function whenDeployed(members: number): Promise<void> {
  return new Promise((resolve) => {
    const off = master!.on('deployed', (event) => {
      if (event.members !== members) return;
      off();
      resolve();
    });
  });
}

/** In MiB, after a collection. */
function memory(): { readonly rss: number; readonly heap: number } {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss: rss / 2 ** 20, heap: (heapUsed + external) / 2 ** 20 };
}

let growing: Promise<void> | undefined;

serve({
  async open(request: ScaleHubRequest) {
    options = request;
    broker = new Broker({ port: 0 });
    await broker.start();
    await startMaster();
    return broker.port;
  },
  memory,
  expect({ members }: { readonly members: number }) {
    growing = whenDeployed(members);
  },
  grown: () => growing,
  /** Milliseconds until a master that comes to a fleet that is there serves its model on it. */
  async restart({ members }: { readonly members: number }) {
    await master!.stop();
    const started = performance.now();
    const cpu = process.cpuUsage();
    await startMaster();
    if (master!.deployment('echo')?.agents.length !== 1) await whenDeployed(members);
    const { user, system } = process.cpuUsage(cpu);
    return { ms: performance.now() - started, cpuMs: (user + system) / 1000 };
  },
  /** CPU milliseconds of this process for each of so many inferences. */
  async infer({ runs }: { readonly runs: number }) {
    const cpu = process.cpuUsage();
    const times: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      const started = performance.now();
      const { degraded } = await master!.infer('echo', 'bench', inputs);
      if (degraded) throw new Error('the agent did not answer');
      times.push(performance.now() - started);
    }
    const { user, system } = process.cpuUsage(cpu);
    return { cpuMs: (user + system) / 1000 / runs, times };
  },
  /** Plans a model on the fleet as the master sees it, with devices that are all alike; other work goes on meanwhile. */
  async plan({ model, limitMs }: { readonly model: string; readonly limitMs: number }) {
    const prepared = inferTypes(simplify(inferTypes(zooModel(model).graph)));
    const { agents, ...rest } = master!.profiles.profile;
    const alike = agents.map((agent) => ({ ...agent, compute: rest.master.compute }));
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const started = performance.now();
    const signal = AbortSignal.timeout(limitMs);
    try {
      const plan = await planInSlices(prepared, { ...rest, agents: alike }, { strategy: 'auto' }, { signal });
      const planMs = performance.now() - started;
      return { planMs, blockedMs: delay.max / 1e6, predictedMs: 1000 * plan.predictedSeconds };
    } catch (error) {
      if (!signal.aborted) throw error;
      return { planMs: undefined, blockedMs: delay.max / 1e6 };
    } finally {
      delay.disable();
    }
  },
  async stop() {
    await master?.stop();
    await broker?.stop();
    if (options) await rm(options.directory, { recursive: true, force: true });
  },
});
