import { existsSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The smallest quota that the kernel takes, in microseconds. */
const LEAST_QUOTA_US = 1000;
/** Longer periods would let a device run for longer at full speed, and stand for longer. */
const SHORTEST_PERIOD_US = 1000;

/** Where processors are dealt out: cgroup v1 has files of its own for that, v2 has one. */
export interface CpuHierarchy {
  readonly version: 1 | 2;
  readonly folder: string;
}

/** The hierarchy of this machine; undefined where it can limit no processor. */
export async function cpuHierarchy(root = '/sys/fs/cgroup'): Promise<CpuHierarchy | undefined> {
  if (existsSync(join(root, 'cpu', 'cpu.cfs_quota_us'))) return { version: 1, folder: join(root, 'cpu') };
  const controllers = await readFile(join(root, 'cgroup.controllers'), 'utf8').catch(() => '');
  return controllers.split(/\s+/).includes('cpu') ? { version: 2, folder: root } : undefined;
}

/** Microseconds of one processor in each period, for a share of it: the shortest period that the least quota allows. */
export function quotaOf(share: number): { readonly quotaUs: number; readonly periodUs: number } {
  const periodUs = Math.max(SHORTEST_PERIOD_US, Math.ceil(LEAST_QUOTA_US / share));
  return { quotaUs: Math.max(LEAST_QUOTA_US, Math.round(periodUs * share)), periodUs };
}

/** The control group of one device: its processes have so much of a processor, together. */
export class CpuGroup {
  readonly folder: string;
  readonly #hierarchy: CpuHierarchy;
  readonly #share: number;

  /** `share` of one processor. */
  constructor(hierarchy: CpuHierarchy, name: string, share: number) {
    this.#hierarchy = hierarchy;
    this.#share = share;
    this.folder = join(hierarchy.folder, name);
  }

  /** The file that takes the id of a process which is to be one of the group. */
  get members(): string {
    return join(this.folder, 'cgroup.procs');
  }

  /** Makes the group, without a limit. */
  async start(): Promise<void> {
    if (this.#hierarchy.version === 2) {
      // harmless where it is on
      await writeFile(join(this.#hierarchy.folder, 'cgroup.subtree_control'), '+cpu');
    }
    await mkdir(this.folder);
  }

  /**
   * While it is limited, what else runs on the machine must wait: a device gets its share of a processor whenever it wants it.
   * As fast as the machine can, it is as others, so that it disturbs no other fog.
   */
  async #outweighOthers(does: boolean): Promise<void> {
    if (this.#hierarchy.version === 2) await this.#write('cpu.weight', does ? '10000' : '100');
    else await this.#write('cpu.shares', does ? '262144' : '1024');
  }

  async stop(): Promise<void> {
    await rmdir(this.folder);
  }

  /** False: as fast as the machine can. */
  async setLimited(limited: boolean): Promise<void> {
    const { quotaUs, periodUs } = quotaOf(this.#share);
    await this.#outweighOthers(limited);
    if (this.#hierarchy.version === 2) {
      await this.#write('cpu.max', `${limited ? quotaUs : 'max'} ${periodUs}`);
      return;
    }
    // a quota must fit the period at any time
    await this.#write('cpu.cfs_quota_us', '-1');
    await this.#write('cpu.cfs_period_us', String(periodUs));
    if (limited) await this.#write('cpu.cfs_quota_us', String(quotaUs));
  }

  #write(file: string, text: string): Promise<void> {
    return writeFile(join(this.folder, file), text);
  }
}
