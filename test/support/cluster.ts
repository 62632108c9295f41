import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, type AgentOptions } from '../../src/agent/agent.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import type { Deployment } from '../../src/master/deployment.ts';
import { Master, type MasterOptions } from '../../src/master/master.ts';
import type { ServedModel } from '../../src/master/model-service.ts';
import { MemoryBus, MemoryHub } from '../../src/transport/memory-bus.ts';

export const CLUSTER = 'test';

/** A master and its agents in this process on one memory hub; `stop` undoes all. */
export class TestCluster {
  readonly hub = new MemoryHub();
  readonly agents = new Map<string, { agent: Agent; bus: MemoryBus }>();
  master!: Master;
  #directory = '';

  /** Holds the state of all parties, each in a folder of its name. */
  get directory(): string {
    return this.#directory;
  }

  async start(
    models: readonly ServedModel[],
    agents: number,
    options: Partial<MasterOptions> & {
      agent?: Partial<AgentOptions>;
      /** Of one agent by its number. */
      agentOf?: (at: number) => Partial<AgentOptions>;
    } = {},
  ): Promise<this> {
    this.#directory = await mkdtemp(join(tmpdir(), 'isobath-test-'));
    for (let at = 0; at < agents; at += 1) {
      await this.addAgent(`agent-${at}`, { ...options.agent, ...options.agentOf?.(at) });
    }
    const { agent: _, agentOf: __, ...master } = options;
    this.master = new Master({
      cluster: CLUSTER,
      connect: (will) => new MemoryBus(this.hub, { will }),
      engine: new OnnxruntimeEngine({ threads: 1 }),
      logger: silentLogger,
      directory: join(this.#directory, 'master'),
      models,
      settleMs: 20,
      replanMs: 20,
      host: 'host-of-master',
      ...master,
    });
    const deployed = this.whenDeployed(agents);
    await this.master.start();
    await deployed;
    return this;
  }

  async addAgent(name: string, options: Partial<AgentOptions> = {}): Promise<Agent> {
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
      // all run in this process, but stand for devices of their own
      host: `host-of-${name}`,
      ...options,
    });
    await agent.start();
    this.agents.set(name, { agent, bus });
    return agent;
  }

  /** The agent is gone from one moment to the next, as by SIGKILL: its will is published. */
  kill(name: string): void {
    this.agents.get(name)!.bus.kill();
  }

  /** Resolves when a model is deployed on exactly so many agents. */
  whenDeployed(agents: number): Promise<Deployment> {
    return new Promise((resolve) => {
      const off = this.master.on('deployed', ({ deployment }) => {
        if (deployment.agents.length !== agents) return;
        off();
        resolve(deployment);
      });
    });
  }

  async stop(): Promise<void> {
    await this.master.stop();
    for (const { agent } of this.agents.values()) await agent.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
