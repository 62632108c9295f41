import { link, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MeasuredFleet } from '../../src/estimator/measured.ts';
import { fullSpeed, setFigures, setLinks } from './calibration.ts';
import { Caller } from './calls.ts';
import {
  agentCall,
  CLUSTER,
  type MasterChoice,
  masterCall,
  masterSettings,
  PORT,
  PROGRAM,
  REPLAN_MS,
  workerOf,
} from './commands.ts';
import { CpuGroup, type CpuHierarchy } from './cpu.ts';
import { Device, type DeviceProcess } from './device.ts';
import { runName } from './names.ts';
import { Network, type Rates } from './network.ts';
import type { PlainTensors } from './plain-tensors.ts';
import { scaledLinks } from './scaled.ts';

export interface FogOptions {
  readonly pid: number;
  readonly agents: number;
  /** Shares of a processor: of the master, then of each agent. */
  readonly cpus: readonly number[];
  readonly hierarchy: CpuHierarchy;
  readonly rates: Rates;
  /** Left out: agents reach the broker without a relay between. */
  readonly relay?: { readonly latencyMs: number };
}

/** For longer than a plan waits for its turn, all must have taken less than this share of a processor each. */
const QUIET = { everyMs: 500, times: 1 + REPLAN_MS / 500, share: 0.04 };

const MASTER = 'master';
const BASELINE = 'baseline';

/** A master with its broker, agents, a client beside the master, and one more device for the baseline. */
export class Fog {
  readonly #options: FogOptions;
  readonly #network: Network;
  #directory = '';
  #devices: Device[] = [];
  #master: DeviceProcess | undefined;
  #agents: DeviceProcess[] = [];
  #client: Caller | undefined;
  #baseline: Caller | undefined;
  /** On the device of each agent, where there are any; and its port. */
  #relays: { readonly relay: Caller; readonly port: number }[] = [];
  #masters = 0;
  #making: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | undefined;

  constructor(options: FogOptions) {
    this.#options = options;
    const { pid, agents } = options;
    const names = Array.from({ length: agents }, (_, at) => `agent-${at + 1}`);
    this.#network = new Network({ pid, devices: [MASTER, ...names, BASELINE] });
  }

  get client(): Caller {
    return this.#client ?? notStarted();
  }

  get baseline(): Caller {
    return this.#baseline ?? notStarted();
  }

  /** Devices, agents and helpers run afterwards, without limits; there is no master yet. */
  async start(model: string, inputs: PlainTensors): Promise<void> {
    this.#making = this.#makeDevices();
    await this.#making;
    this.#baseline = new Caller(this.#device(BASELINE).run(workerOf('baseline'), []));
    this.#client = new Caller(this.#device(MASTER).run(workerOf('client'), [], { unlimited: true }));
    await this.#baseline.call('open', { model, inputs });
    const outputs = await this.#baseline.call<PlainTensors>('outputs');
    await this.#client.call('expect', { inputs, outputs });
    if (this.#options.relay) await this.#startRelays(this.#options.relay.latencyMs);
    this.#startAgents();
  }

  async #makeDevices(): Promise<void> {
    const { pid, cpus, hierarchy } = this.#options;
    this.#directory = await mkdtemp(join(tmpdir(), `${runName(pid)}-`));
    await this.#network.start();
    for (const [at, network] of this.#network.devices.entries()) {
      // the baseline's device, the last one, is as the master's
      const cpu = new CpuGroup(hierarchy, network.namespace, cpus[at] ?? cpus[0]!);
      const device = new Device({ run: runName(pid), network, cpu, directory: this.#directory });
      this.#devices.push(device);
      await device.start();
    }
  }

  /** Everything is taken away again, whatever was started; what is being made is made first. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    await this.#making.catch(() => undefined);
    // with a tenth of a processor a process takes seconds to say goodbye
    await Promise.allSettled(this.#devices.map((device) => device.setLimited(false)));
    await Promise.allSettled(this.#devices.map((device) => device.stop()));
    await this.#network.stop();
    if (this.#directory) await rm(this.#directory, { recursive: true, force: true });
  }

  /** Processors and cables as the devices have them, or as fast as the machine can. */
  async setLimited(limited: boolean): Promise<void> {
    await this.#network.setRates(limited ? this.#options.rates : undefined);
    await Promise.all(this.#devices.map((device) => device.setLimited(limited)));
  }

  /**
   * Devices and links are measured by the product, at full speed, with cables and without; the parts of both that a processor
   * takes are scaled to the devices' shares, see `scaledCompute` and `scaledLinks`. With `throughQuota` everything is as
   * the product measures it through quotas and queues. Limits are off before and afterwards.
   */
  async calibrate(throughQuota: boolean): Promise<MeasuredFleet> {
    // the agents are only starting
    await this.settled();
    const compute = throughQuota ? undefined : await fullSpeed(this.#device(BASELINE));
    await this.startMaster({ strategy: 'local', wire: 'float32', inFlight: 1 });
    const measure = () => this.#whileAllRun(this.client.call<MeasuredFleet>('calibrate'));
    const { rates, cpus, relay } = this.#options;
    if (!compute) {
      await this.setLimited(true);
      const fleet = await measure();
      await this.setLimited(false);
      return fleet;
    }
    const free = await measure();
    await this.#network.setRates(rates);
    const cabled = await measure();
    await this.#network.setRates(undefined);
    await this.#stopMaster();
    await Promise.all(this.#agents.map((agent) => agent.stop()));
    const names = [MASTER, ...this.#agentNames];
    for (const [at, name] of names.entries()) await setFigures(this.#device(name), compute, cpus[at]!);
    const shares = new Map(names.map((name, at) => [name, cpus[at]!]));
    const links = scaledLinks({ free, cabled }, shares, (relay?.latencyMs ?? 0) / 1000);
    await setLinks(this.#device(MASTER), links);
    this.#startAgents();
    const linkOf = new Map(links.links.map(({ agent, link }) => [agent, link]));
    const agents = cabled.agents.map((agent) => ({ ...agent, link: linkOf.get(agent.id) ?? agent.link! }));
    return { ...cabled, ...links.limits, agents };
  }

  /**
   * Another master in the place of the one before, with its files; resolves when all agents have joined it. It serves
   * nothing yet: a plan that is made while agents are still coming would stay if the next one gained little.
   */
  async startMaster(choice: MasterChoice): Promise<void> {
    await this.#stopMaster();
    this.#masters += 1;
    await mkdir(this.#models);
    const settings = join(this.#directory, 'master.yaml');
    await writeFile(settings, masterSettings(choice, this.#models));
    const device = this.#device(MASTER);
    this.#master = device.run(PROGRAM, masterCall(settings, device.directory));
    await Promise.race([ready(this.#master), this.#master.failed]);
    const cluster = { url: this.#url, cluster: CLUSTER, agents: this.#agentNames };
    await this.#whileAllRun(this.client.call('connect', cluster));
  }

  /** Puts the model's file where the master looks, whole at once, and waits until it serves. */
  async serve(model: string, file: string): Promise<void> {
    const hidden = join(this.#models, `.${model}`);
    await mkdir(hidden);
    await link(file, join(hidden, 'model.onnx'));
    await rename(hidden, join(this.#models, model));
    await this.#whileAllRun(this.client.call('serving', { model }));
  }

  /**
   * Resolves when master and agents have nothing to do: no plan is made, and none deployed. To be called without limits,
   * with which this would take minutes.
   */
  async settled(): Promise<void> {
    const parties = [...this.#agents, ...(this.#master ? [this.#master] : [])];
    const taken = async () =>
      (await Promise.all(parties.map((each) => each.cpuMs()))).reduce((a, b) => a + b, 0);
    let before = await taken();
    for (let quiet = 0; quiet < QUIET.times; ) {
      await new Promise((resolve) => setTimeout(resolve, QUIET.everyMs));
      const now = await taken();
      quiet = now - before <= QUIET.share * QUIET.everyMs * parties.length ? quiet + 1 : 0;
      before = now;
    }
  }

  /** Milliseconds of a processor that the master has used so far, and each agent. */
  async cpuMs(): Promise<{ readonly master: number; readonly agents: readonly number[] }> {
    const agents = await Promise.all(this.#agents.map((agent) => agent.cpuMs()));
    return { master: (await this.#master?.cpuMs()) ?? 0, agents };
  }

  /** Bytes that have passed the master's cable. */
  async masterBytes(): Promise<number> {
    return (await this.#network.bytes()).get(MASTER) ?? 0;
  }

  /** Nothing passes the relays for so long. */
  async stall(ms: number): Promise<void> {
    await Promise.all(this.#relays.map(({ relay }) => relay.call('stall', { ms })));
  }

  /** Breaks the connection of the first agent. */
  async cut(): Promise<void> {
    await this.#relays[0]?.relay.call('cut');
  }

  get #agentNames(): string[] {
    return this.#network.devices.slice(1, -1).map(({ name }) => name);
  }

  get #url(): string {
    return `mqtt://${this.#network.device(MASTER).address}:${PORT}`;
  }

  get #models(): string {
    return join(this.#directory, `models-${this.#masters}`);
  }

  #device(name: string): Device {
    return this.#devices.find((device) => device.name === name) ?? notStarted();
  }

  async #startRelays(latencyMs: number): Promise<void> {
    const { address: host } = this.#network.device(MASTER);
    for (const name of this.#agentNames) {
      const relay = new Caller(this.#device(name).run(workerOf('relay'), [], { unlimited: true }));
      const port = await relay.call<number>('listen', { host, port: PORT, latencyMs });
      this.#relays.push({ relay, port });
    }
  }

  #startAgents(): void {
    this.#agents = this.#agentNames.map((name, at) => {
      const device = this.#device(name);
      const relayed = this.#relays[at];
      const url = relayed ? `mqtt://127.0.0.1:${relayed.port}` : this.#url;
      return device.run(PROGRAM, agentCall(name, url, device.directory));
    });
  }

  async #stopMaster(): Promise<void> {
    await this.client.call('disconnect');
    await this.#master?.stop();
    this.#master = undefined;
  }

  #whileAllRun<T>(work: Promise<T>): Promise<T> {
    const processes = [...this.#agents, ...(this.#master ? [this.#master] : [])];
    return Promise.race([work, ...processes.map(({ failed }) => failed)]);
  }
}

function notStarted(): never {
  throw new Error('the fog is not started');
}

/** The first line that a service writes with `--json` says that it is ready. */
function ready({ child }: DeviceProcess): Promise<void> {
  return new Promise((resolve) => {
    child.stdout?.setEncoding('utf8').once('data', () => resolve());
  });
}
