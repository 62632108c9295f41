import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { IsobathClient } from '../../../src/client/client.ts';
import { MqttBus } from '../../../src/transport/mqtt-bus.ts';
import { ServiceProcess } from '../../support/processes.ts';

export const SAMPLES = fileURLToPath(new URL('../../../models/street/samples', import.meta.url));

/** A master with its broker, and agents: processes, as users have them. They serve `street`. */
export class Stack {
  readonly #state: string;
  readonly #processes: ServiceProcess[] = [];
  readonly agents = new Map<string, ServiceProcess>();
  master!: ServiceProcess;
  port = 0;
  bus!: MqttBus;
  client!: IsobathClient;

  private constructor(state: string) {
    this.#state = state;
  }

  static async start(agents: readonly string[]): Promise<Stack> {
    const stack = new Stack(await mkdtemp(path.join(tmpdir(), 'isobath-stack-')));
    await stack.#start(agents);
    return stack;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  async #start(agents: readonly string[]): Promise<void> {
    const common = ['--threads', '1', '--calibration', 'never'];
    const state = (name: string) => ['--state', path.join(this.#state, name)];
    this.master = new ServiceProcess([
      'master',
      '--port',
      '0',
      '--model',
      'street',
      ...common,
      ...state('m'),
    ]);
    this.#processes.push(this.master);
    this.port = Number((await this.master.wrote(/mqtt:\/\/127\.0\.0\.1:(\d+)/))[1]);
    for (const name of agents) this.addAgent(name);
    this.bus = new MqttBus({ url: this.url });
    this.client = new IsobathClient({ bus: this.bus, cluster: 'default' });
    await this.client.start();
    await this.#deployedOn(agents.length);
  }

  addAgent(name: string): ServiceProcess {
    const state = ['--state', path.join(this.#state, name)];
    const args = ['agent', '--broker', this.url, '--name', name, '--threads', '1', '--calibration', 'never'];
    const agent = new ServiceProcess([...args, ...state]);
    this.#processes.push(agent);
    this.agents.set(name, agent);
    return agent;
  }

  #deployedOn(agents: number): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        const [street] = this.client.view.models;
        if (street?.state !== 'serving' || street.agents.length !== agents) return;
        unlisten();
        resolve();
      };
      const unlisten = this.client.onChanged(look);
      look();
    });
  }

  /** The next message on a topic, retained ones included, for which `good` holds. */
  async next<T = unknown>(
    topic: string,
    good: (payload: T) => boolean = () => true,
  ): Promise<() => Promise<T>> {
    let take!: (value: T) => void;
    const message = new Promise<T>((resolve) => {
      take = resolve;
    });
    const unsubscribe = await this.bus.subscribe(topic, (_, payload) => {
      const value = read(payload) as T;
      if (good(value)) take(value);
    });
    return () => message.finally(() => void unsubscribe());
  }

  async stop(): Promise<void> {
    await this.client?.stop();
    await Promise.all(this.#processes.reverse().map((one) => one.stop()));
    await rm(this.#state, { recursive: true, force: true });
  }
}

function read(payload: Uint8Array): unknown {
  const text = Buffer.from(payload).toString();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
