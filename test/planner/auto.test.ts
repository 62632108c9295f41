import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { shippedDevices } from '../../src/estimator/fleet-file.ts';
import { fleetOf } from '../../src/estimator/sweep.ts';
import { planGraph, STRATEGY_NAMES } from '../../src/planner/strategies.ts';
import { randomModel } from '../support/random-graph.ts';
import { deployed, randomFleet } from './support.ts';
import { better, predictions } from './zoo-plans.ts';

/** All models, links and n are in test/slow/planning.test.ts. */
describe('auto is predicted no slower than any other strategy', () => {
  it.each([
    ['vgg16', 4, '100mbit'],
    ['resnet18', 8, '1gbit'],
    ['mobilenet-v2', 2, '54mbit'],
    ['squeezenet', 4, '10mbit'],
    ['inception-v3', 1, '1gbit'],
  ])('%s on %i agents at %s', async (model, agents, link) => {
    expect(better(await predictions(model, agents, link))).toEqual([]);
  });

  it.each([
    ['vgg16', 4],
    ['squeezenet', 2],
  ])('and gains by a faster link: %s on %i agents', async (model, agents) => {
    const ms: number[] = [];
    for (const link of ['10mbit', '100mbit', '1gbit'])
      ms.push((await predictions(model, agents, link, ['auto'])).auto!);
    expect(ms).toEqual(ms.toSorted((a, b) => b - a));
  });

  it('nor than a fast device alone, however long the model is', async () => {
    const devices = await shippedDevices();
    const { master } = fleetOf(devices.get('raspberry-pi-3')!, 1, '1gbit');
    const fleet = { ...fleetOf(devices.get('x86-gateway')!, 1, '1gbit'), master };
    const [auto, replica, local] = ['auto', 'replica', 'local'].map(
      (strategy) => planGraph(deployed('mobilenet-v2'), fleet, { strategy }).predictedSeconds,
    );
    expect(replica).toBeLessThan(local! / 2);
    expect(auto).toBeLessThanOrEqual(replica!);
  });

  it('random models on unlike devices', () => {
    fc.assert(
      fc.property(randomModel, randomFleet(4), ({ graph }, fleet) => {
        const [auto, ...others] = STRATEGY_NAMES.map(
          (strategy) => planGraph(graph, fleet, { strategy }).predictedSeconds,
        );
        expect(auto! * (1 - 1e-9)).toBeLessThanOrEqual(Math.min(...others));
      }),
      { numRuns: 60 },
    );
  });
});
