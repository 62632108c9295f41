import { IsobathError } from '../base/errors.ts';
import type { Node } from '../graph/graph.ts';
import { ComputeModel } from './compute.ts';
import type { DeviceProfile, FleetProfile, LinkProfile, OneWay } from './profile.ts';

/** Resources of the master, the broker and the air. */
export const RESOURCE = {
  /** The master's event loop: slicing, encoding, placing, summing. */
  masterLoop: 0,
  /** The master's engine. */
  masterEngine: 1,
  masterOut: 2,
  masterIn: 3,
  /** The master's link with an external broker. */
  masterUp: 4,
  masterDown: 5,
  brokerOut: 6,
  brokerIn: 7,
  medium: 8,
} as const;

const FIRST_AGENT = 9;
const PER_AGENT = 4;

/** A worker with the numbers of its resources. */
export interface WorkerModel {
  readonly id: string;
  readonly isMaster: boolean;
  readonly compute: ComputeModel;
  readonly filterBytesLimit: number;
  readonly engine: number;
  /** The event loop. */
  readonly loop: number;
  readonly down: number;
  readonly up: number;
  readonly toAgent: OneWay;
  readonly fromAgent: OneWay;
  readonly wakeSeconds: number;
  readonly onMedium: boolean;
}

const NO_WAY: OneWay = { alpha: 0, beta: 0 };

/** Whether the engine of a worker, named by its id, can run a node. */
export type CanRun = (worker: string, node: Node) => boolean;

/** A fleet profile prepared for pricing: every worker by id, every resource by number. */
export class FleetModel {
  readonly fleet: FleetProfile;
  readonly master: WorkerModel;
  readonly agents: readonly WorkerModel[];
  readonly resources: number;
  readonly chunkBytes: number;
  /** β of the master's network card. */
  readonly port: { readonly out: number; readonly in: number };
  readonly mediumBeta: number;
  /** Of an external broker. */
  readonly broker:
    | { readonly masterLink: LinkProfile; readonly out: number; readonly in: number }
    | undefined;
  readonly #workers: ReadonlyMap<string, WorkerModel>;
  readonly #canRun: CanRun;

  /** Without `canRun`, every worker can run every node. */
  constructor(fleet: FleetProfile, canRun: CanRun = () => true) {
    this.#canRun = canRun;
    const { broker, masterPort, sharedMedium } = fleet;
    this.fleet = fleet;
    this.chunkBytes = fleet.chunkBytes;
    this.port = { out: masterPort?.betaOut ?? 0, in: masterPort?.betaIn ?? 0 };
    this.mediumBeta = sharedMedium?.beta ?? 0;
    this.broker =
      broker.kind === 'external'
        ? { masterLink: broker.masterLink, out: broker.port?.betaOut ?? 0, in: broker.port?.betaIn ?? 0 }
        : undefined;
    this.resources = FIRST_AGENT + PER_AGENT * fleet.agents.length;
    const { masterLoop, masterEngine } = RESOURCE;
    this.master = {
      ...this.#worker(fleet.master, 0),
      isMaster: true,
      engine: masterEngine,
      loop: masterLoop,
    };
    this.agents = fleet.agents.map((agent, at) => this.#worker(agent, FIRST_AGENT + PER_AGENT * at));
    this.#workers = new Map([this.master, ...this.agents].map((worker) => [worker.id, worker]));
  }

  /** Throws ISO_ERR_PROFILE_MISSING. */
  worker(id: string): WorkerModel {
    const worker = this.#workers.get(id);
    if (!worker) throw IsobathError.of('ISO_ERR_PROFILE_MISSING', { worker: id });
    return worker;
  }

  canRun({ id }: WorkerModel, nodes: readonly Node[]): boolean {
    return nodes.every((node) => this.#canRun(id, node));
  }

  /** How many messages regions of these sizes travel in. */
  messagesOf(bytes: readonly number[]): number {
    let messages = 0;
    for (const size of bytes) messages += Math.max(1, Math.ceil(size / this.chunkBytes));
    return messages;
  }

  /** A device that has no link, as the master's own, is never asked for one. */
  #worker(device: DeviceProfile, first: number): WorkerModel {
    const { id, compute, link, filterBytesLimit = Number.POSITIVE_INFINITY } = device;
    return {
      id,
      isMaster: false,
      compute: new ComputeModel(compute),
      filterBytesLimit,
      engine: first,
      loop: first + 1,
      down: first + 2,
      up: first + 3,
      toAgent: link?.toAgent ?? NO_WAY,
      fromAgent: link?.fromAgent ?? NO_WAY,
      wakeSeconds: link?.wakeSeconds ?? 0,
      onMedium: this.fleet.sharedMedium !== undefined && link?.onSharedMedium !== false,
    };
  }
}
