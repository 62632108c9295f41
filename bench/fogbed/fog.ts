import { link, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { MeasuredCompute } from '../../src/estimator/measured.ts';
import { Caller } from './calls.ts';
import { CpuGroup, type CpuHierarchy } from './cpu.ts';
import { Device, type DeviceProcess } from './device.ts';
import { runName } from './names.ts';
import { Network, type Rates } from './network.ts';
import type { PlainTensors } from './plain-tensors.ts';
import { scaledCompute } from './scaled.ts';

export interface FogOptions {
  readonly pid: number;
  readonly agents: number;
  /** Shares of a processor: of the master, then of each agent. */
  readonly cpus: readonly number[];
  readonly hierarchy: CpuHierarchy;
  readonly rates: Rates;
  readonly onProgress: (text: string) => void;
}

/** How the master is to plan and send. */
export interface MasterChoice {
  readonly strategy: string;
  readonly wire: string;
  readonly inFlight: number;
}

export const MASTER = 'master';
const BASELINE = 'baseline';
const CLUSTER = 'fog';
const PORT = 1883;
/** What every device measures and stages are run with: the quota is a share of one processor. */
const ENGINE = ['--engine', 'onnxruntime', '--threads', '1'];
/** The program as users have it: `npm run build` makes it. */
const PROGRAM = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

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
  #masters = 0;

  constructor(options: FogOptions) {
    this.#options = options;
    const { pid, agents } = options;
    const names = Array.from({ length: agents }, (_, at) => `agent-${at + 1}`);
    this.#network = new Network({ pid, devices: [MASTER, ...names, BASELINE] });
  }

  get agentNames(): string[] {
    return this.#network.devices.slice(1, -1).map(({ name }) => name);
  }

  get client(): Caller {
    return this.#client ?? notStarted();
  }

  get baseline(): Caller {
    return this.#baseline ?? notStarted();
  }

  /** Devices, agents and helpers run afterwards, without limits; there is no master yet. */
  async start(model: string, inputs: PlainTensors): Promise<void> {
    const { pid, cpus, hierarchy, onProgress } = this.#options;
    this.#directory = await mkdtemp(join(tmpdir(), `${runName(pid)}-`));
    onProgress(`Making ${this.#network.devices.length} devices`);
    await this.#network.start();
    for (const [at, network] of this.#network.devices.entries()) {
      // the baseline's device is as the master's
      const share = cpus[at] ?? cpus[0]!;
      const cpu = new CpuGroup(hierarchy, network.namespace, share);
      const device = new Device({ network, cpu, directory: this.#directory });
      this.#devices.push(device);
      await device.start();
    }
    this.#baseline = new Caller(this.#device(BASELINE).run(workerOf('baseline-worker'), []));
    const beside = { unlimited: true };
    this.#client = new Caller(this.#device(MASTER).run(workerOf('client-worker'), [], beside));
    await this.#baseline.call('open', { model, inputs });
    const outputs = await this.#baseline.call<PlainTensors>('outputs');
    await this.#client.call('expect', { inputs, outputs });
    this.#startAgents();
  }

  #startAgents(): void {
    this.#agents = this.agentNames.map((name) => {
      const device = this.#device(name);
      const flags = [
        '--name',
        name,
        '--broker',
        this.#url,
        '--cluster',
        CLUSTER,
        '--state',
        device.directory,
      ];
      const own = [...flags, ...ENGINE, '--calibration', 'never', '--log-level', 'warn', '--with-parent'];
      return device.run(PROGRAM, ['agent', ...own]);
    });
  }

  /**
   * Links and messages are measured as the product does it, through quotas and queues. Devices are measured at full speed
   * and scaled, see `scaledCompute`; with `throughQuota` they are as the product measures them. Limits are off
   * before and afterwards.
   */
  async calibrate(throughQuota: boolean): Promise<void> {
    const compute = throughQuota ? undefined : await this.#fullSpeed();
    await this.startMaster({ strategy: 'local', wire: 'float32', inFlight: 1 });
    await this.setLimited(true);
    await this.#whileAllRun(this.client.call('calibrate'));
    await this.setLimited(false);
    if (!compute) return;
    await this.#stopMaster();
    await Promise.all(this.#agents.map((agent) => agent.stop()));
    for (const [at, name] of [MASTER, ...this.agentNames].entries()) {
      const file = join(this.#device(name).directory, 'calibration.json');
      const { key, profile } = JSON.parse(await readFile(file, 'utf8'));
      const { secondsPerMessage } = profile as MeasuredCompute;
      const scaled = scaledCompute(compute, this.#options.cpus[at]!);
      const own = { ...scaled, ...(secondsPerMessage === undefined ? {} : { secondsPerMessage }) };
      await writeFile(file, JSON.stringify({ key, profile: own }));
    }
    this.#startAgents();
  }

  async #fullSpeed(): Promise<MeasuredCompute> {
    const measuring = this.#device(BASELINE).run(PROGRAM, ['calibrate', '--local', ...ENGINE, '--json']);
    const { compute } = JSON.parse(await measuring.output) as { readonly compute: MeasuredCompute };
    return compute;
  }

  async #stopMaster(): Promise<void> {
    await this.client.call('disconnect');
    await this.#master?.stop();
    this.#master = undefined;
  }

  /** Everything is taken away again, whatever was started. */
  async stop(): Promise<void> {
    await Promise.allSettled(this.#devices.map((device) => device.stop()));
    this.#devices = [];
    await this.#network.stop();
    if (this.#directory) await rm(this.#directory, { recursive: true, force: true });
  }

  /** Processors and cables as the devices have them, or as fast as the machine can. */
  async setLimited(limited: boolean): Promise<void> {
    await this.#network.setRates(limited ? this.#options.rates : undefined);
    await Promise.all(this.#devices.map((device) => device.setLimited(limited)));
  }

  /**
   * Another master in the place of the one before, with its files; resolves when all agents have joined it. It serves
   * nothing yet: a plan that is made while agents are still coming would stay if the next one gained little.
   */
  async startMaster({ strategy, wire, inFlight }: MasterChoice): Promise<void> {
    await this.#stopMaster();
    const device = this.#device(MASTER);
    const models = join(this.#directory, `models-${++this.#masters}`);
    await mkdir(models);
    const settings = {
      ...{ strategy, repository: { directory: models, pollMs: 200 } },
      // float32 is what there is without the setting
      ...(wire === 'float32' ? {} : { wire }),
      request: { concurrency: Math.max(2, inFlight) },
      // a minute and more for one layer: the slowest plans on the slowest links
      deadline: { maxMs: 600_000 },
      listen: { host: '0.0.0.0', port: PORT },
    };
    const config = join(this.#directory, 'master.yaml');
    await writeFile(config, stringify(settings));
    const flags = ['--config', config, '--cluster', CLUSTER, '--state', device.directory];
    const own = [
      ...flags,
      ...ENGINE,
      '--calibration',
      'never',
      '--log-level',
      'error',
      '--with-parent',
      '--json',
    ];
    this.#master = device.run(PROGRAM, ['master', ...own]);
    await Promise.race([ready(this.#master), this.#master.failed]);
    const joined = this.client.call('connect', { url: this.#url, cluster: CLUSTER, agents: this.agentNames });
    await this.#whileAllRun(joined);
  }

  /** Puts the model's file where the master looks, and waits until it serves. */
  async serve(model: string, file: string): Promise<void> {
    const folder = join(this.#directory, `models-${this.#masters}`, model);
    const hidden = join(this.#directory, `.${model}`);
    await mkdir(hidden);
    await link(file, join(hidden, 'model.onnx'));
    await rename(hidden, folder);
    await this.#whileAllRun(this.client.call('serving', { model }));
  }

  /** Bytes that have passed the master's cable. */
  async masterBytes(): Promise<number> {
    return (await this.#network.bytes()).get(MASTER) ?? 0;
  }

  get #url(): string {
    return `mqtt://${this.#network.device(MASTER).address}:${PORT}`;
  }

  #device(name: string): Device {
    return this.#devices.find((device) => device.name === name) ?? notStarted();
  }

  #whileAllRun<T>(work: Promise<T>): Promise<T> {
    const processes = [...this.#agents, ...(this.#master ? [this.#master] : [])];
    return Promise.race([work, ...processes.map(({ failed }) => failed)]);
  }
}

function notStarted(): never {
  throw new Error('the fog is not started');
}

function workerOf(name: string): string {
  return fileURLToPath(new URL(`./${name}.js`, import.meta.url));
}

/** The first line that a service writes with `--json` says that it is ready. */
function ready({ child }: DeviceProcess): Promise<void> {
  return new Promise((resolve) => {
    child.stdout?.setEncoding('utf8').once('data', () => resolve());
  });
}
