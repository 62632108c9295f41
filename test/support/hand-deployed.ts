import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, type AgentOptions } from '../../src/agent/agent.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { FleetModel } from '../../src/estimator/fleet-model.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { BlobServer } from '../../src/master/blob-server.ts';
import { Deployment, type DeploymentOptions } from '../../src/master/deployment.ts';
import { Fleet } from '../../src/master/fleet.ts';
import type { Run } from '../../src/partition/run.ts';
import type { Rates } from '../../src/partition/scheme.ts';
import { schemeNamed } from '../../src/partition/schemes/index.ts';
import { MASTER, type Plan } from '../../src/planner/plan.ts';
import { StageList } from '../../src/planner/stages.ts';
import { MemoryBus, MemoryHub } from '../../src/transport/memory-bus.ts';
import { Topics } from '../../src/wire/topics.ts';
import { fleetOfWorkers } from './fleet.ts';
import { EXCHANGE_IS_FREE } from './legs.ts';

const CLUSTER = 'by-hand';

/** One run of the graph cut by a scheme over these workers (agents, or the master), what lies around it at the master. */
export function planOf(
  graph: Graph,
  run: Run,
  workers: readonly string[],
  { scheme = 'rows-exchange', rates = EXCHANGE_IS_FREE }: { scheme?: string; rates?: Rates } = {},
): Plan {
  const agents = workers.filter((id) => id !== MASTER).map((id) => ({ id, weight: 1 }));
  const list = new StageList(graph, new FleetModel(fleetOfWorkers(agents)));
  const at = graph.nodes.indexOf(run.nodes[0]!);
  list.local(graph.nodes.slice(0, at));
  const cut = schemeNamed(scheme).cut(
    run,
    workers.map(() => 1),
    rates,
  );
  list.distributed(
    scheme,
    run.nodes,
    cut.map(({ worker, shard }) => ({ worker: workers[worker]!, shard })),
  );
  list.local(graph.nodes.slice(at + run.nodes.length));
  return list.plan(scheme);
}

/** Agents and a deployment of a plan made by hand, on one memory hub; `stop` undoes all. */
export class HandDeployed {
  readonly hub = new MemoryHub();
  readonly topics = new Topics(CLUSTER);
  readonly agents = new Map<string, { agent: Agent; bus: MemoryBus }>();
  deployment!: Deployment;
  readonly #engine = new OnnxruntimeEngine({ threads: 1 });
  readonly #undo: (() => Promise<unknown>)[] = [];
  #directory = '';

  async start(
    graph: Graph,
    plan: Plan,
    options: Partial<DeploymentOptions> & { agent?: Partial<AgentOptions> } = {},
  ): Promise<this> {
    this.#directory = await mkdtemp(join(tmpdir(), 'isobath-test-'));
    const { topics, hub } = this;
    const { agent, ...rest } = options;
    const workers = plan.stages.flatMap(({ shards }) => shards.map(({ worker }) => worker));
    for (const name of new Set(workers)) if (name !== MASTER) await this.#addAgent(name, agent);
    const bus = new MemoryBus(hub);
    const fleet = new Fleet({ bus, topics, logger: silentLogger });
    const blobs = new BlobServer({ bus, topics, logger: silentLogger });
    for (const service of [bus, this.#engine, fleet, blobs]) {
      await service.start();
      this.#undo.unshift(() => service.stop());
    }
    await this.#allJoined(fleet);
    const shared = { model: 'm', graph, plan, bus, topics, fleet, blobs, engine: this.#engine };
    this.deployment = new Deployment({ ...shared, logger: silentLogger, ...rest });
    await this.deployment.start();
    this.#undo.unshift(() => this.deployment.stop());
    return this;
  }

  async #addAgent(name: string, options: Partial<AgentOptions> = {}): Promise<void> {
    let bus!: MemoryBus;
    const agent = new Agent({
      name,
      cluster: CLUSTER,
      connect: (will) => {
        bus = new MemoryBus(this.hub, { will });
        return bus;
      },
      engine: new OnnxruntimeEngine({ threads: 1 }),
      logger: silentLogger,
      directory: join(this.#directory, name),
      ...options,
    });
    await agent.start();
    this.agents.set(name, { agent, bus });
  }

  #allJoined(fleet: Fleet): Promise<void> {
    return new Promise((resolve) => {
      const off = fleet.on('joined', check);
      function check() {
        if (!all()) return;
        off();
        resolve();
      }
      const all = () => [...this.agents.keys()].every((name) => fleet.has(name));
      check();
    });
  }

  async stop(): Promise<void> {
    for (const step of this.#undo) await step();
    for (const { agent } of this.agents.values()) await agent.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
