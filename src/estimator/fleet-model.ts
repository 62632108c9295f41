import { IsobathError } from '../base/errors.ts';
import type { Node } from '../graph/graph.ts';
import type { Priced } from '../partition/shard.ts';
import type { Precision } from '../tensor/precision.ts';
import { ComputeModel } from './compute.ts';
import type { ComputeProfile, DeviceProfile, FleetProfile, LinkProfile, OneWay } from './profile.ts';
import { type Travelling, travelling } from './travelling.ts';

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
/** A worker's own resources follow its engine. */
export const OWN_RESOURCES = PER_AGENT;

/** A worker with the numbers of its resources. */
export interface WorkerModel {
  readonly id: string;
  readonly isMaster: boolean;
  /** Equal for agents that differ in name only. */
  readonly kind: string;
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
  /** The cores that it shares with other parties; undefined where it has a machine of its own. */
  readonly host: SharedHost | undefined;
}

/** The cores of a machine on which several parties run: a resource that all of them take from. */
export interface SharedHost {
  readonly resource: number;
  /** Of the machine, per second of one thread. */
  readonly thread: number;
  /** Of the machine, per second of the party's engine. */
  readonly engine: number;
  /** Of the machine, for what travels between parties on it. */
  readonly toAgent: Passing;
  readonly fromAgent: Passing;
}

/** What messages between two parties take of the machine on which both are. */
export interface Passing extends OneWay {
  /** Seconds per byte of what comes behind the first chunk: buffers are full then, and memory is new. */
  readonly betaBehind: number;
}

const NO_WAY: Passing = { alpha: 0, beta: 0, betaBehind: 0 };

/** Whether the engine of a worker, named by its id, can run a node. */
export type CanRun = (worker: string, node: Node) => boolean;

export interface FleetModelOptions {
  readonly canRun?: CanRun | undefined;
  /** Default: float32. */
  readonly wire?: Precision | undefined;
}

/** A fleet profile prepared for pricing: every worker by id, every resource by number. */
export class FleetModel {
  readonly fleet: FleetProfile;
  readonly master: WorkerModel;
  readonly agents: readonly WorkerModel[];
  readonly resources: number;
  /** Resources of machines on which several parties run, and how many cores they have. */
  readonly hosts: ReadonlyMap<
    string,
    { readonly resource: number; readonly cores: number; readonly agents: number }
  >;
  readonly chunkBytes: number;
  /** How feature maps travel. */
  readonly wire: Precision;
  /** β of the master's network card. */
  readonly port: { readonly out: number; readonly in: number };
  readonly mediumBeta: number;
  /** Of an external broker. */
  readonly broker:
    | { readonly masterLink: LinkProfile; readonly out: number; readonly in: number }
    | undefined;
  readonly #computes = new Map<ComputeProfile, ComputeModel>();
  readonly #workers: ReadonlyMap<string, WorkerModel>;
  readonly #canRun: CanRun | undefined;
  readonly #travelling = new WeakMap<Priced, Travelling>();

  /** Without `canRun`, every worker can run every node. */
  constructor(fleet: FleetProfile, { canRun, wire = 'float32' }: FleetModelOptions = {}) {
    this.#canRun = canRun;
    this.wire = wire;
    const { broker, masterPort, sharedMedium } = fleet;
    this.fleet = fleet;
    this.chunkBytes = fleet.chunkBytes;
    this.port = { out: masterPort?.betaOut ?? 0, in: masterPort?.betaIn ?? 0 };
    this.mediumBeta = sharedMedium?.beta ?? 0;
    this.broker =
      broker.kind === 'external'
        ? { masterLink: broker.masterLink, out: broker.port?.betaOut ?? 0, in: broker.port?.betaIn ?? 0 }
        : undefined;
    const firstHost = FIRST_AGENT + PER_AGENT * fleet.agents.length;
    this.hosts = sharedHosts(fleet, firstHost);
    this.resources = firstHost + this.hosts.size;
    const { masterLoop, masterEngine } = RESOURCE;
    this.master = {
      ...this.#worker(fleet.master, 0),
      isMaster: true,
      kind: 'master',
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
    const can = this.#canRun;
    return !can || nodes.every((node) => can(id, node));
  }

  /** The shard as it goes to the worker and back; the master has its tensors at hand. */
  travelling(shard: Priced, { isMaster }: WorkerModel): Travelling {
    if (isMaster || this.wire === 'float32') return shard;
    let known = this.#travelling.get(shard);
    if (!known) {
      known = travelling(shard, this.wire);
      this.#travelling.set(shard, known);
    }
    return known;
  }

  /** How many messages regions of these sizes travel in. */
  messagesOf(bytes: readonly number[]): number {
    let messages = 0;
    for (let at = 0; at < bytes.length; at += 1)
      messages += Math.max(1, Math.ceil(bytes[at]! / this.chunkBytes));
    return messages;
  }

  /** Devices of one kind share the model. */
  #computeOf(profile: ComputeProfile): ComputeModel {
    let model = this.#computes.get(profile);
    if (!model) {
      model = new ComputeModel(profile);
      this.#computes.set(profile, model);
    }
    return model;
  }

  /** A device that has no link, as the master's own, is never asked for one. */
  #worker(device: DeviceProfile, first: number): WorkerModel {
    const { id, compute, link, host, filterBytesLimit = Number.POSITIVE_INFINITY } = device;
    const onMedium = this.fleet.sharedMedium !== undefined && link?.onSharedMedium !== false;
    return {
      id,
      isMaster: false,
      kind: JSON.stringify([compute, link, onMedium, host]),
      compute: this.#computeOf(compute),
      filterBytesLimit,
      engine: first,
      loop: first + 1,
      down: first + 2,
      up: first + 3,
      toAgent: link?.toAgent ?? NO_WAY,
      fromAgent: link?.fromAgent ?? NO_WAY,
      wakeSeconds: link?.wakeSeconds ?? 0,
      onMedium,
      host: this.#hostOf(device),
    };
  }

  #hostOf({ host, link }: DeviceProfile): SharedHost | undefined {
    const shared = host && this.hosts.get(host.id);
    if (!shared) return undefined;
    const { resource, cores, agents } = shared;
    const byMaster = this.fleet.master.host?.id === host.id && this.fleet.broker.kind === 'embedded';
    const passing = (way: OneWay | undefined, busy: OneWay | undefined): Passing =>
      byMaster && way ? passingOf(way, busy, agents, cores) : NO_WAY;
    return {
      resource,
      thread: 1 / cores,
      engine: Math.min(1, host.threads / cores),
      toAgent: passing(link?.toAgent, link?.busy?.toAgent),
      fromAgent: passing(link?.fromAgent, link?.busy?.fromAgent),
    };
  }
}

/** Machines with more than one party on them. */
function sharedHosts({ master, agents }: FleetProfile, first: number) {
  const cores = new Map<string, { count: number; cores: number }>();
  for (const { host } of [master, ...agents]) {
    if (!host) continue;
    const { count, cores: known } = cores.get(host.id) ?? { count: 0, cores: 0 };
    cores.set(host.id, { count: count + 1, cores: Math.max(known, host.cores) });
  }
  const shared = [...cores].filter(([, { count }]) => count > 1);
  const agentsOn = (id: string) => agents.filter(({ host }) => host?.id === id).length;
  return new Map(
    shared.map(([id, host], at) => [id, { resource: first + at, cores: host.cores, agents: agentsOn(id) }]),
  );
}

/**
 * What a message between two parties of one machine takes of it. There is no wire: its time is all processors' time, of
 * the sender and then of the receiver. Trains of chunks to all agents at once, of which each got its part of the
 * machine, tell what a byte takes where chunks follow one another.
 */
function passingOf(way: OneWay, busy: OneWay | undefined, agents: number, cores: number): Passing {
  const beta = way.beta / cores;
  return { alpha: way.alpha / cores, beta, betaBehind: busy ? Math.max(beta, busy.beta / agents) : beta };
}
