import { describe, expect, it } from '@jest/globals';
import { RESOURCE } from '../../src/estimator/fleet-model.ts';
import { portOf, symmetricLink } from '../../src/estimator/profile.ts';
import { stageCost } from '../../src/estimator/stage-cost.ts';
import { coded } from '../support/code.ts';
import { modelOf, placed } from './support.ts';

// By default a link carries 1 byte in 1 us, a MAC takes 1 ns, a chunk has 1024 bytes, and all else is free.
const us = (seconds: number) => seconds * 1e6;

describe('a stage, by hand', () => {
  it('one shard: there, computed, back', () => {
    const cost = stageCost(modelOf(), [placed({ worker: 'a0', input: 1000, macs: 5000, output: 200 })]);
    expect(us(cost.seconds)).toBeCloseTo(1000 + 5 + 200, 6);
    expect(us(cost.terms.transmit)).toBeCloseTo(1000, 6);
    expect(us(cost.terms.edge)).toBeCloseTo(5, 6);
    expect(us(cost.terms.receive)).toBeCloseTo(200, 6);
    expect(cost).toMatchObject({ bytes: 1200, publishedBytes: 1200, messages: 2 });
    expect(us(cost.throughputSeconds)).toBeCloseTo(1000, 6);
  });

  it('α for every chunk, each way', () => {
    const model = modelOf({ alpha: 1e-5 });
    const cost = stageCost(model, [placed({ worker: 'a0', input: 3000, output: 1024 })]);
    expect(cost.messages).toBe(4);
    expect(us(cost.seconds)).toBeCloseTo(3000 + 3 * 10 + 1024 + 10, 6);
  });

  it('links side by side, a card of the master one after another', () => {
    const shards = ['a0', 'a1', 'a2', 'a3'].map((worker) => placed({ worker, input: 1000, output: 0 }));
    expect(us(stageCost(modelOf(), shards).seconds)).toBeCloseTo(1000, 6);
    const narrow = modelOf({ fleet: { masterPort: portOf(16e6) } });
    expect(us(stageCost(narrow, shards).seconds)).toBeCloseTo(2000, 6);
  });

  it('the air for all, both ways', () => {
    const shards = ['a0', 'a1'].map((worker) => placed({ worker, input: 1000, output: 500 }));
    const model = modelOf({ fleet: { sharedMedium: { beta: 1e-6 } } });
    expect(us(stageCost(model, shards).seconds)).toBeCloseTo(3000, 6);
    const wired = symmetricLink(8e6);
    const fleet = modelOf({ fleet: { sharedMedium: { beta: 1e-6 } } }).fleet;
    const agents = fleet.agents.map((agent) => ({ ...agent, link: { ...wired, onSharedMedium: false } }));
    expect(us(stageCost(modelOf({ fleet: { ...fleet, agents } }), shards).seconds)).toBeCloseTo(1500, 6);
  });

  it('computes on one agent while bytes travel to another', () => {
    const model = modelOf({ agents: 2, rate: 8e12, fleet: { masterPort: portOf(8e6) } });
    const shards = ['a0', 'a1'].map((worker) => placed({ worker, input: 1000, macs: 1e6 }));
    // the first has its bytes at 1000 us, the second at 2000 us; each computes for 1000 us
    expect(us(stageCost(model, shards).seconds)).toBeCloseTo(3000, 2);
  });

  it('slices in a stream with the sending, and adds partial sums after the last byte', () => {
    const model = modelOf({ agents: 1, compute: { copySecondsPerByte: 1e-7 } });
    const place = stageCost(model, [placed({ worker: 'a0', input: 10_240 })]);
    // the first chunk is sliced before, the last one put together after the ten have travelled; an empty OFM is free
    expect(us(place.seconds)).toBeCloseTo(102.4 + 10_240 + 102.4, 6);
    expect(us(place.terms.partition)).toBeCloseTo(102.4, 6);
    const sum = stageCost(model, [placed({ worker: 'a0', input: 0, output: 1000, join: 'sum' })]);
    expect(us(sum.terms.join)).toBeCloseTo(100 + 100, 6);
  });

  it('wakes a radio', () => {
    const { agents, ...fleet } = modelOf({ agents: 1 }).fleet;
    const asleep = agents.map((agent) => ({ ...agent, link: { ...agent.link!, wakeSeconds: 0.5 } }));
    const cost = stageCost(modelOf({ fleet: { ...fleet, agents: asleep } }), [
      placed({ worker: 'a0', input: 1000 }),
    ]);
    expect(cost.seconds).toBeCloseTo(0.501, 9);
  });

  it('the master alone: its engine, nothing sliced and nothing joined', () => {
    const model = modelOf({ compute: { copySecondsPerByte: 1, secondsPerRun: 1e-6 } });
    const cost = stageCost(model, [placed({ worker: 'master', input: 1000, macs: 4000, output: 500 })]);
    expect(us(cost.seconds)).toBeCloseTo(5, 9);
    expect(cost).toMatchObject({ bytes: 0, messages: 0 });
    expect(cost.perWorker).toMatchObject([{ worker: 'master', macs: 4000, bytesIn: 0 }]);
  });

  it('two shards of one agent compute one after the other, and share what both read', () => {
    const shards = [0, 1].map(() => placed({ worker: 'a0', shared: 1000, macs: 1e6, output: 0 }));
    const cost = stageCost(modelOf(), shards);
    expect(us(cost.seconds)).toBeCloseTo(1000 + 2000, 6);
    expect(cost.perWorker).toMatchObject([{ worker: 'a0', macs: 2e6, bytesIn: 1000 }]);
    expect(us(cost.perWorker[0]!.busySeconds)).toBeCloseTo(2000, 6);
  });

  it('refuses a worker that nothing is known of', () => {
    expect(() => stageCost(modelOf(), [placed({ worker: 'x' })])).toThrow(
      coded('ISO_ERR_PROFILE_MISSING', 'worker x'),
    );
  });
});

describe('a region that all shards read', () => {
  const shards = ['a0', 'a1', 'a2', 'a3'].map((worker) => placed({ worker, shared: 1024, output: 100 }));
  const port = portOf(8e6);

  it('an embedded broker sends to every agent through the card of the master', () => {
    const cost = stageCost(modelOf({ fleet: { masterPort: port } }), shards);
    expect(us(cost.busy[RESOURCE.masterOut]!)).toBeCloseTo(4 * 1024, 6);
    expect(us(cost.seconds)).toBeGreaterThan(4 * 1024);
    expect(cost).toMatchObject({ bytes: 4 * 1124, publishedBytes: 1024 + 4 * 100, messages: 8 });
  });

  it('an external one gets it once', () => {
    const broker = { kind: 'external', masterLink: symmetricLink(8e6), port } as const;
    const cost = stageCost(modelOf({ broker, fleet: { masterPort: port } }), shards);
    expect(us(cost.busy[RESOURCE.masterOut]!)).toBeCloseTo(1024, 6);
    expect(us(cost.busy[RESOURCE.brokerOut]!)).toBeCloseTo(4 * 1024, 6);
    expect(cost).toMatchObject({ bytes: 4 * 1124, publishedBytes: 1024 + 4 * 100 });
    // one chunk: to the broker, then to the four
    expect(us(cost.seconds)).toBeGreaterThanOrEqual(5 * 1024);
  });

  it('goes chunk by chunk to each: the first agent is ahead by the last chunks of the others only', () => {
    const shared = 1024 + 100;
    const each = ['a0', 'a1'].map((worker) => placed({ worker, shared, output: 1000 }));
    const cost = stageCost(modelOf({ rate: 8e12, fleet: { masterPort: port } }), each);
    // sent to both at 2 x 1124 us, to the first 100 us earlier; then 2 x 1000 us come back through the card
    expect(us(cost.seconds)).toBeCloseTo(2 * 1124 - 100 + 2000, 1);
  });

  it('is sliced once', () => {
    const compute = { copySecondsPerByte: 1e-9 };
    const alone = stageCost(modelOf({ compute }), [placed({ worker: 'a0', shared: 1024 })]);
    const four = stageCost(
      modelOf({ compute }),
      shards.map(({ worker }) => placed({ worker, shared: 1024 })),
    );
    expect(four.busy[RESOURCE.masterLoop]).toBeCloseTo(alone.busy[RESOURCE.masterLoop]!, 15);
  });
});
