import { describe, expect, it } from '@jest/globals';
import { shippedDevices } from '../../src/estimator/fleet-file.ts';
import { fleetOf } from '../../src/estimator/sweep.ts';
import { finishedInSlices, type Steps } from '../../src/planner/steps.ts';
import { planGraph, planInSlices } from '../../src/planner/strategies.ts';
import { deployed } from './support.ts';

const fleet = fleetOf((await shippedDevices()).get('raspberry-pi-4')!, 4, '100mbit');
const auto = { strategy: 'auto' };

/** Counts the turns of the event loop until it is stopped. */
function turns() {
  let count = 0;
  let next: NodeJS.Immediate | undefined;
  const turn = () => {
    count += 1;
    next = setImmediate(turn);
  };
  turn();
  return {
    stop() {
      clearImmediate(next);
      return count;
    },
  };
}

describe('a plan in slices', () => {
  it('is the plan that is made at once, and the event loop goes on meanwhile', async () => {
    const loop = turns();
    const plan = await planInSlices(deployed('squeezenet'), fleet, auto, { sliceMs: 1 });
    expect(loop.stop()).toBeGreaterThan(5);
    const atOnce = planGraph(deployed('squeezenet'), fleet, auto);
    expect(plan.predictedSeconds).toBe(atOnce.predictedSeconds);
    expect(plan.stages.map(({ name, scheme }) => [name, scheme])).toEqual(
      atOnce.stages.map(({ name, scheme }) => [name, scheme]),
    );
  });

  it('ends where it is aborted, with the reason of the signal', async () => {
    const dropped = new AbortController();
    let steps = 0;
    function* endless(): Steps<never> {
      for (;;) {
        steps += 1;
        if (steps === 1000) dropped.abort(new Error('an agent left'));
        yield;
      }
    }
    await expect(finishedInSlices(endless(), { sliceMs: 1, signal: dropped.signal })).rejects.toThrow(
      'an agent left',
    );
    const ended = steps;
    await new Promise(setImmediate);
    expect(steps).toBe(ended);
  });

  it('does not begin where it is aborted already', async () => {
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(planInSlices(deployed('squeezenet'), fleet, auto, { signal })).rejects.toThrow('too late');
  });
});
