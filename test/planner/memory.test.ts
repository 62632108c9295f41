import { describe, expect, it } from '@jest/globals';
import { shippedDevices } from '../../src/estimator/fleet-file.ts';
import { fleetOf } from '../../src/estimator/sweep.ts';
import { planGraph } from '../../src/planner/strategies.ts';
import { deployed, heldBy } from './support.ts';

const device = (await shippedDevices()).get('raspberry-pi-4')!;
const graph = deployed('vgg16');

/** Agents of 200 MB. */
function plan(agents: number, masterLimit: number, strategy = 'auto') {
  const fleet = fleetOf({ ...device, filterBytesLimit: 200e6 }, agents, '100mbit');
  return planGraph(
    graph,
    { ...fleet, master: { ...fleet.master, filterBytesLimit: masterLimit } },
    { strategy },
  );
}

describe('VGG16, 553 MB of filters, on agents of 200 MB', () => {
  it.each([3, 4])('is planned on %i of them without any help of the master', (agents) => {
    const held = heldBy(plan(agents, 0));
    for (const [worker, bytes] of held) expect(bytes).toBeLessThanOrEqual(worker === 'master' ? 0 : 200e6);
  });

  it.each([
    [2, 0, 'auto', 'take 553 MB, the 3 devices with a limit may hold 400 MB together, and 153 MB find'],
    [2, 100e6, 'auto', 'may hold 500 MB together, and 53.4 MB find'],
    [4, 0, 'replica', 'may hold 800 MB together, and 353 MB find'],
    [4, 0, 'rows', 'may hold 800 MB together, and 495 MB find'],
    [4, 0, 'local', 'may hold 800 MB together, and 553 MB find'],
  ])('on %i of them, with %i at the master, is refused to %s', (agents, master, strategy, message) => {
    expect(() => plan(agents, master, strategy)).toThrow(message);
  });

  it('is refused at once where all together hold too little', () => {
    const start = performance.now();
    expect(() => plan(2, 0)).toThrow(expect.objectContaining({ code: 'ISO_ERR_PLAN_MEMORY' }));
    expect(performance.now() - start).toBeLessThan(500);
  });

  it('is planned as without limits where each device could hold it all', () => {
    const [roomy, free] = [600e6, Number.POSITIVE_INFINITY].map((filterBytesLimit) =>
      planGraph(graph, fleetOf({ ...device, filterBytesLimit }, 12, '100mbit'), { strategy: 'auto' }),
    );
    expect(roomy!.predictedSeconds).toBe(free!.predictedSeconds);
  });
});
