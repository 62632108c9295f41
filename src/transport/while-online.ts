import type { Bus } from './bus.ts';

/**
 * Waits for `work`, but not longer than the connection lasts: what is published with QoS 1 would wait for a broker that may
 * never come back. Never rejects.
 */
export async function whileOnline(bus: Bus, work: Promise<unknown>): Promise<void> {
  if (bus.state === 'offline') return;
  let unlisten: (() => void) | undefined;
  const offline = new Promise<void>((resolve) => {
    unlisten = bus.onState((state) => {
      if (state === 'offline') resolve();
    });
  });
  await Promise.race([work, offline]).catch(() => undefined);
  unlisten?.();
}
