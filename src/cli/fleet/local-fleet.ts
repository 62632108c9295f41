import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { IsobathError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Service } from '../../base/service.ts';
import { Broker } from '../../broker/broker.ts';
import type { Engine } from '../../engine/engine.ts';
import { Fleet } from '../../master/fleet.ts';
import { Master } from '../../master/master.ts';
import type { ServedModel } from '../../master/model-service.ts';
import { Topics } from '../../wire/topics.ts';
import { AgentProcess } from './agent-process.ts';

export interface LocalFleetOptions {
  /** Path of the `isobath` program. */
  readonly program: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly agents: number;
  readonly model: ServedModel;
  readonly engine: Engine;
  readonly logger: Logger;
  /** Keeps the agents' caches between runs. Default: a temporary folder, removed at the end. */
  readonly directory?: string;
  /** The most that each agent, and the master, may hold of filters, in bytes. */
  readonly limits?: { readonly agent?: number; readonly master?: number };
  /** Measures devices and links before the model is planned. */
  readonly calibrate?: boolean;
  readonly onProgress?: (text: string) => void;
  /** Default 60000 ms. */
  readonly joinTimeoutMs?: number;
  /** Default 300000 ms. */
  readonly deployTimeoutMs?: number;
}

const CLUSTER = 'local';
const USER = 'agent';

/** Broker and master in this process and agents in processes of their own, all on the loopback interface. */
export class LocalFleet implements Service {
  readonly #options: LocalFleetOptions;
  readonly #names: readonly string[];
  #undo: (() => unknown)[] = [];
  #master: Master | undefined;
  #stopping: Promise<void> = Promise.resolve();
  #fail: (error: IsobathError) => void = () => undefined;

  constructor(options: LocalFleetOptions) {
    this.#options = options;
    const digits = String(options.agents).length;
    this.#names = Array.from(
      { length: options.agents },
      (_, at) => `agent-${String(at + 1).padStart(digits, '0')}`,
    );
  }

  /** Valid after `start`. */
  get master(): Master {
    if (!this.#master) throw new Error('the fleet is not started');
    return this.#master;
  }

  /** Resolves when the model is deployed on all agents. Throws ISO_ERR_CHILD_FAILED, ISO_ERR_NO_AGENTS, ISO_ERR_DEPLOY_FAILED. */
  async start(): Promise<void> {
    const failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    failed.catch(() => undefined);
    try {
      await Promise.race([this.#start(), failed]);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#master = undefined;
    const steps = this.#undo.splice(0).reverse();
    this.#stopping = this.#stopping.then(async () => {
      for (const undo of steps) {
        await Promise.resolve()
          .then(undo)
          .catch(() => undefined);
      }
    });
    await this.#stopping;
  }

  async #start(): Promise<void> {
    const { directory: given, logger } = this.#options;
    const directory = given ?? (await mkdtemp(join(tmpdir(), 'isobath-')));
    if (given === undefined) this.#undo.push(() => rm(directory, { recursive: true, force: true }));
    // Other users of this machine can reach the port, but do not know the password.
    const password = randomBytes(24).toString('hex');
    const broker = new Broker({ host: '127.0.0.1', port: 0, users: { [USER]: password }, logger });
    this.#undo.push(() => broker.stop());
    await broker.start();
    await this.#startAgents(broker, directory, password);
    if (this.#options.calibrate) await this.#calibrate(broker, directory);
    await this.#startMaster(broker, directory);
  }

  /** All of them before the master, so that the first deployment is the right one. */
  async #startAgents(broker: Broker, directory: string, password: string): Promise<void> {
    const { program, environment, engine, logger, limits, onProgress } = this.#options;
    const { joinTimeoutMs = 60_000 } = this.#options;
    const url = `mqtt://127.0.0.1:${broker.port}`;
    const threads = Math.max(1, Math.floor(availableParallelism() / this.#names.length));
    const limit = limits?.agent === undefined ? {} : { filterLimit: `${limits.agent}B` };
    const shared = {
      program,
      cluster: CLUSTER,
      url,
      username: USER,
      password,
      engine: engine.name,
      threads,
      environment,
      ...limit,
    };
    const bus = broker.bus();
    const fleet = new Fleet({ bus, topics: new Topics(CLUSTER), logger });
    await bus.start();
    try {
      await fleet.start();
      const agents = this.#names.map(
        (name) => new AgentProcess({ ...shared, name, directory: join(directory, name) }),
      );
      this.#undo.push(() => Promise.all(agents.map((agent) => agent.stop())));
      const joined = new Promise<void>((resolve) => {
        fleet.on('joined', () => {
          onProgress?.(`${fleet.members.length} of ${agents.length} agents joined`);
          if (fleet.members.length === agents.length) resolve();
        });
      });
      onProgress?.(`Starting ${agents.length} agents`);
      for (const agent of agents) agent.start(this.#fail);
      const seconds = Math.round(joinTimeoutMs / 1000);
      await within(joined, joinTimeoutMs, () =>
        IsobathError.of('ISO_ERR_NO_AGENTS', { cluster: CLUSTER, seconds }),
      );
    } finally {
      await fleet.stop();
      await bus.stop();
    }
  }

  /** A master without models measures; the next one finds the figures in its directory. */
  async #calibrate(broker: Broker, directory: string): Promise<void> {
    const { engine, logger, onProgress } = this.#options;
    onProgress?.('Measuring devices and links');
    const master = new Master({
      ...{ cluster: CLUSTER, engine, logger, models: [] },
      connect: (will) => broker.bus({ will }),
      directory: join(directory, 'master'),
    });
    this.#undo.push(() => master.stop());
    await master.start();
    await master.profiles.calibrate();
    await master.stop();
  }

  async #startMaster(broker: Broker, directory: string): Promise<void> {
    const { engine, logger, model, limits, onProgress, deployTimeoutMs = 300_000 } = this.#options;
    onProgress?.(`Deploying ${model.name}`);
    const master = new Master({
      ...{ cluster: CLUSTER, engine, logger, models: [model] },
      connect: (will) => broker.bus({ will }),
      directory: join(directory, 'master'),
      ...(limits?.master === undefined ? {} : { filterBytesLimit: limits.master }),
    });
    this.#undo.push(() => master.stop());
    const deployed = new Promise<void>((resolve, reject) => {
      master.on('deployed', ({ members }) => {
        if (members === this.#names.length) resolve();
      });
      master.on('failed', ({ error }) => reject(error));
    });
    deployed.catch(() => undefined);
    await master.start();
    const failed = { model: model.name, agent: this.#names.join(', '), reason: 'it takes too long' };
    await within(deployed, deployTimeoutMs, () => IsobathError.of('ISO_ERR_DEPLOY_FAILED', failed));
    this.#master = master;
  }
}

async function within(work: Promise<void>, ms: number, error: () => IsobathError): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(error()), ms);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
