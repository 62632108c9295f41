import { shell } from './shell.ts';

/** One end of a cable. */
export interface Link {
  readonly namespace: string;
  readonly card: string;
}

/** Of the kernel's clock, by which a bucket is filled at the latest. */
const HZ = 250;
/** A bucket must hold one packet, and a few more cost nothing. */
const LEAST_BURST = 8 * 1024;
/** So much may wait: nothing is dropped, the senders' windows are smaller. */
const QUEUE_BYTES = 256 * 2 ** 20;

/** What goes at once on a cable that was silent, in bytes. */
export function burstBytes(rate: number): number {
  return Math.max(LEAST_BURST, Math.ceil(rate / 8 / HZ));
}

/** Limits what `link` sends to `rate` bits per second. */
export async function limit({ namespace, card }: Link, rate: number): Promise<void> {
  const bucket = [
    'rate',
    `${Math.round(rate)}bit`,
    'burst',
    `${burstBytes(rate)}`,
    'limit',
    `${QUEUE_BYTES}`,
  ];
  await shell('tc', '-n', namespace, 'qdisc', 'replace', 'dev', card, 'root', 'tbf', ...bucket);
}

/** Takes the limit away. */
export async function unlimited({ namespace, card }: Link): Promise<void> {
  // a card without a queue of its own has none to delete
  await shell('tc', '-n', namespace, 'qdisc', 'delete', 'dev', card, 'root').catch(() => undefined);
}

/** Sends all that `link` receives and sends through another card first. */
export async function detour({ namespace, card }: Link, through: string): Promise<void> {
  await shell('tc', '-n', namespace, 'qdisc', 'add', 'dev', card, 'clsact');
  for (const way of ['ingress', 'egress']) {
    const all = ['protocol', 'all', 'u32', 'match', 'u32', '0', '0'];
    const action = ['action', 'mirred', 'egress', 'redirect', 'dev', through];
    await shell('tc', '-n', namespace, 'filter', 'add', 'dev', card, way, ...all, ...action);
  }
}
