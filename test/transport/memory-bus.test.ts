import { describe, expect, it } from '@jest/globals';
import { busConformance } from '../../src/transport/conformance.ts';
import { type MemoryBus, MemoryHub } from '../../src/transport/memory-bus.ts';

describe('MemoryBus', () => {
  const hub = new MemoryHub();
  const target = {
    makeBus: (options?: object) => hub.bus(options),
    kill: (bus: unknown) => (bus as MemoryBus).kill(),
  };
  for (const { name, run } of busConformance(target)) it(name, run);

  it('does not share memory between sender and receiver', async () => {
    const [sender, receiver] = [new MemoryHub()].flatMap((one) => [one.bus(), one.bus()]);
    await sender!.start();
    await receiver!.start();
    const payload = Uint8Array.of(1);
    const got = new Promise<Uint8Array>((resolve) => {
      void receiver!.subscribe('a', (_, bytes) => resolve(bytes));
    });
    const sent = sender!.publish('a', payload);
    payload[0] = 2;
    await sent;
    expect([...(await got)]).toEqual([1]);
  });

  it('plays a network failure', async () => {
    const net = new MemoryHub();
    const bus = net.bus();
    const other = net.bus();
    await bus.start();
    await other.start();
    const states: string[] = [];
    const seen: [string, boolean][] = [];
    bus.onState((state) => states.push(state));
    await bus.subscribe('a', (_, payload, { retain }) =>
      seen.push([String.fromCharCode(...payload), retain]),
    );
    bus.lose();
    await expect(bus.publish('a', 'x')).rejects.toMatchObject({ code: 'ISO_ERR_BUS_OFFLINE' });
    await other.publish('a', 'm', { retain: true });
    bus.regain();
    await other.publish('a', 'n');
    expect(states).toEqual(['offline', 'online']);
    expect(seen).toEqual([
      ['m', true],
      ['n', false],
    ]);
  });
});
