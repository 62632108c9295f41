import { usage } from '../../src/cli/context.ts';
import { type CpuHierarchy, cpuHierarchy } from './cpu.ts';
import { limit } from './links.ts';
import { runName } from './names.ts';
import { shell } from './shell.ts';

/** Something that the bench cannot do without, and why it is not there. */
export interface Missing {
  readonly what: string;
  readonly reason: string;
}

/** All that this machine lacks, tried out: a program may be there and its kernel refuse it. */
export async function missing(): Promise<Missing[]> {
  if (process.platform !== 'linux') {
    return [
      { what: 'Linux', reason: `namespaces and control groups are its own; this is ${process.platform}` },
    ];
  }
  if (process.getuid?.() !== 0) {
    return [{ what: 'root', reason: 'namespaces, queues and control groups are made' }];
  }
  const found: Missing[] = [];
  const name = `${runName(process.pid)}-probe`;
  const card = { namespace: name, card: 'eth0' };
  const pair = ['-n', name, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1'];
  const bridge = ['-n', name, 'link', 'add', 'br0', 'type', 'bridge'];
  const steps: readonly (readonly [what: string, attempt: () => Promise<unknown>])[] = [
    ['ip (of the Debian package iproute2)', () => shell('ip', '-V')],
    ['tc (of the Debian package iproute2)', () => shell('tc', '-V')],
    ['network namespaces', () => shell('ip', 'netns', 'add', name)],
    ['pairs of virtual cards (veth)', () => shell('ip', ...pair)],
    ['bridges', () => shell('ip', ...bridge)],
    ['the queue tbf', () => limit(card, 1e8)],
  ];
  try {
    for (const [what, attempt] of steps) {
      const reason = await attempt().then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      if (reason === undefined) continue;
      found.push({ what, reason });
      break;
    }
  } finally {
    await shell('ip', 'netns', 'delete', name).catch(() => undefined);
  }
  if (!(await cpuHierarchy())) {
    found.push({
      what: 'the controller cpu of control groups',
      reason: 'there is none under /sys/fs/cgroup',
    });
  }
  return found;
}

/** Where processors are dealt out. Throws ISO_ERR_USAGE that names all that is missing. */
export async function requirements(): Promise<CpuHierarchy> {
  const lacking = await missing();
  const hierarchy = await cpuHierarchy();
  if (lacking.length === 0 && hierarchy) return hierarchy;
  const list = lacking.map(({ what, reason }) => `${what} (${reason})`).join('; ');
  throw usage(
    `This machine lacks: ${list}.`,
    'The emulated fog needs root on a Linux machine that has them.',
  );
}
