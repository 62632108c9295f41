import { readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CpuHierarchy } from './cpu.ts';
import { runOf } from './names.ts';
import { shell } from './shell.ts';

export interface Leftovers {
  readonly namespaces: readonly string[];
  readonly groups: readonly string[];
  readonly folders: readonly string[];
}

/** What runs that have ended left behind: they were killed. What belongs to a run that goes on is not among it. */
export async function leftovers({ folder }: CpuHierarchy): Promise<Leftovers> {
  const dead = async (names: readonly string[]) => {
    const found: string[] = [];
    for (const name of names) {
      const pid = runOf(name);
      if (pid !== undefined && !(await goesOn(pid))) found.push(name);
    }
    return found;
  };
  const list = await readdir('/run/netns').catch(() => []);
  return {
    namespaces: await dead(list),
    groups: (await dead(await readdir(folder))).map((name) => join(folder, name)),
    folders: (await dead(await readdir(tmpdir()))).map((name) => join(tmpdir(), name)),
  };
}

/** Ends the processes of dead runs, and takes away what they made. */
export async function clean({ namespaces, groups, folders }: Leftovers): Promise<void> {
  const members = await Promise.all(groups.map((group) => readFile(join(group, 'cgroup.procs'), 'utf8')));
  const inside = await Promise.all(namespaces.map((name) => shell('ip', 'netns', 'pids', name)));
  const pids = new Set(
    [...members, ...inside].flatMap((text) => text.split('\n').filter(Boolean)).map(Number),
  );
  for (const pid of pids) kill(pid);
  for (const name of namespaces) await shell('ip', 'netns', 'delete', name);
  for (const group of groups) await patiently(() => rmdir(group));
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
}

/** A process of another kind may have got the number since. */
async function goesOn(pid: number): Promise<boolean> {
  const call = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return call.includes('fogbed');
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended by itself
  }
}

/** A group can be removed when the last of its processes is gone, which takes a moment. */
export async function patiently(remove: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await remove();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY' || attempt >= 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
