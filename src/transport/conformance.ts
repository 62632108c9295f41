import assert from 'node:assert/strict';
import { Collector, freshTopic, rejectsWith, type Target, withBuses } from './conformance-support.ts';

export type { Target } from './conformance-support.ts';

export interface ConformanceCase {
  readonly name: string;
  run(): Promise<void>;
}

/**
 * What every bus must do, as named cases for any test framework: `for (const { name, run } of busConformance(target))`. A case
 * rejects when the bus does not conform.
 */
export function busConformance(target: Target): ConformanceCase[] {
  return CASES.filter(({ needs }) => needs === undefined || target[needs] !== undefined).map(
    ({ name, run }) => ({ name, run: () => run(target) }),
  );
}

interface Case {
  readonly name: string;
  /** What the target must be able to do for this case. */
  readonly needs?: 'kill';
  run(target: Target): Promise<void>;
}

const MIB = 2 ** 20;

const CASES: readonly Case[] = [
  {
    name: 'carries texts and bytes with either quality of service',
    run: (target) =>
      withBuses(target, 2, async (sender, receiver) => {
        const topic = freshTopic();
        const seen = new Collector();
        await receiver.subscribe(topic, seen.handler, { qos: 1 });
        await sender.publish(topic, 'text äöü');
        await sender.publish(topic, Uint8Array.of(0, 255, 10), { qos: 1 });
        await seen.count(2);
        assert.deepEqual(seen.texts().sort(), ['\0\ufffd\n', 'text äöü']);
        assert.deepEqual(seen.topics(), [topic, topic]);
      }),
  },
  {
    name: 'carries an empty payload',
    run: (target) =>
      withBuses(target, 1, async (bus) => {
        const topic = freshTopic();
        const seen = new Collector();
        await bus.subscribe(topic, seen.handler);
        await bus.publish(topic, '');
        await seen.count(1);
        assert.equal(seen.payloads[0]!.length, 0);
      }),
  },
  {
    name: 'matches + and #, and the parent of #',
    run: (target) =>
      withBuses(target, 2, async (sender, receiver) => {
        const root = freshTopic();
        const plus = new Collector();
        const hash = new Collector();
        await receiver.subscribe(`${root}/+/x`, plus.handler);
        await receiver.subscribe(`${root}/a/#`, hash.handler);
        for (const tail of ['a/x', 'b/x', 'b/y', 'a/x/y', 'a', 'end/x', 'a/end']) {
          await sender.publish(`${root}/${tail}`, tail);
        }
        await plus.until('end/x');
        await hash.until('a/end');
        assert.deepEqual(new Set(plus.texts()), new Set(['a/x', 'b/x', 'end/x']));
        assert.deepEqual(new Set(hash.texts()), new Set(['a/x', 'a/x/y', 'a', 'a/end']));
      }),
  },
  {
    name: 'calls each handler of a filter, and a failing one harms nobody',
    run: (target) =>
      withBuses(target, 1, async (bus) => {
        const topic = freshTopic();
        const first = new Collector();
        const second = new Collector();
        await bus.subscribe(topic, first.handler);
        await bus.subscribe(topic, () => {
          throw new Error('on purpose');
        });
        await bus.subscribe(topic, second.handler);
        for (const text of ['1', '2', '3']) await bus.publish(topic, text);
        await Promise.all([first.count(3), second.count(3)]);
        assert.deepEqual(
          [first.texts(), second.texts()],
          [
            ['1', '2', '3'],
            ['1', '2', '3'],
          ],
        );
      }),
  },
  {
    name: 'ends one subscription and leaves its neighbour',
    run: (target) =>
      withBuses(target, 1, async (bus) => {
        const topic = freshTopic();
        const ended = new Collector();
        const kept = new Collector();
        const end = await bus.subscribe(topic, ended.handler);
        const endKept = await bus.subscribe(topic, kept.handler);
        await bus.publish(topic, 'before');
        await Promise.all([ended.count(1), kept.count(1)]);
        await end();
        await end();
        await bus.publish(topic, 'after');
        await kept.count(2);
        await endKept();
        await bus.publish(topic, 'last');
        await bus.subscribe(topic, kept.handler);
        await bus.publish(topic, 'again');
        await kept.until('again');
        assert.deepEqual(ended.texts(), ['before']);
        assert.deepEqual(kept.texts(), ['before', 'after', 'again']);
      }),
  },
  {
    name: 'keeps retained messages for later subscribers until an empty one',
    run: (target) =>
      withBuses(target, 2, async (sender, receiver) => {
        const root = freshTopic();
        const live = new Collector();
        await receiver.subscribe(`${root}/a`, live.handler, { qos: 1 });
        await sender.publish(`${root}/a`, 'old', { retain: true, qos: 1 });
        await sender.publish(`${root}/a`, 'new', { retain: true, qos: 1 });
        await sender.publish(`${root}/b`, 'gone', { retain: true, qos: 1 });
        await sender.publish(`${root}/b`, '', { retain: true, qos: 1 });
        await live.count(2);
        assert.deepEqual(live.retains, [false, false]);
        const late = new Collector();
        await receiver.subscribe(`${root}/+`, late.handler, { qos: 1 });
        await late.count(1);
        await sender.publish(`${root}/c`, 'end', { qos: 1 });
        await late.until('end');
        assert.deepEqual(late.texts(), ['new', 'end']);
        assert.deepEqual(late.retains, [true, false]);
        await sender.publish(`${root}/a`, '', { retain: true, qos: 1 });
      }),
  },
  {
    name: 'gives retained messages to a second handler of the same filter',
    run: (target) =>
      withBuses(target, 1, async (bus) => {
        const topic = freshTopic();
        await bus.publish(topic, 'kept', { retain: true, qos: 1 });
        const first = new Collector();
        const second = new Collector();
        await bus.subscribe(topic, first.handler);
        await first.count(1);
        await bus.subscribe(topic, second.handler);
        await second.count(1);
        await bus.publish(topic, '', { retain: true, qos: 1 });
        await first.until('');
        assert.deepEqual(first.texts(), ['kept', '']);
      }),
  },
  {
    name: 'keeps the order of a topic',
    run: (target) =>
      withBuses(target, 2, async (sender, receiver) => {
        const topic = freshTopic();
        const seen = new Collector();
        await receiver.subscribe(topic, seen.handler);
        const texts = Array.from({ length: 300 }, (_, at) => String(at));
        await Promise.all(texts.map((text) => sender.publish(topic, text)));
        await seen.count(300);
        assert.deepEqual(seen.texts(), texts);
      }),
  },
  {
    name: 'carries 1 MiB intact with either quality of service',
    run: (target) =>
      withBuses(target, 2, async (sender, receiver) => {
        const topic = freshTopic();
        const seen = new Collector();
        await receiver.subscribe(topic, seen.handler, { qos: 1 });
        const payload = Buffer.from(Uint8Array.from({ length: MIB }, (_, at) => (at * 31) ^ (at >> 8)));
        await sender.publish(topic, payload);
        await sender.publish(topic, payload, { qos: 1 });
        await seen.count(2);
        assert.ok(seen.payloads.every((got) => payload.equals(got)));
      }),
  },
  {
    name: 'loses nothing of 48 MiB that nobody awaits, and never changes a payload that was handed over',
    run: (target) =>
      withBuses(target, 2, async (sender, receiver) => {
        const topic = freshTopic();
        const seen = new Collector();
        await receiver.subscribe(topic, seen.handler);
        const sent = Array.from({ length: 96 }, (_, at) => sender.publish(topic, Buffer.alloc(MIB / 2, at)));
        await Promise.all(sent);
        await seen.count(96);
        assert.ok(seen.payloads.every((got, at) => Buffer.alloc(MIB / 2, at).equals(got)));
      }),
  },
  {
    name: 'tells its state, and refuses work after the stop',
    run: (target) =>
      withBuses(target, 1, async (bus) => {
        const states: string[] = [bus.state];
        bus.onState((state) => states.push(state));
        await bus.stop();
        await bus.stop();
        assert.deepEqual(states, ['online', 'offline']);
        await rejectsWith('ISO_ERR_BUS_CLOSED', bus.publish('a', 'b'));
        await rejectsWith('ISO_ERR_BUS_CLOSED', bus.publish('a', 'b', { qos: 1 }));
        await rejectsWith(
          'ISO_ERR_BUS_CLOSED',
          bus.subscribe('a', () => {}),
        );
      }),
  },
  {
    name: 'refuses topics and filters that are none',
    run: (target) =>
      withBuses(target, 1, async (bus) => {
        for (const topic of ['', 'a/+', '#', 'a\0'])
          await rejectsWith('ISO_ERR_TOPIC_INVALID', bus.publish(topic, ''));
        for (const filter of ['', 'a/#/b', 'a+', 'a/b#']) {
          await rejectsWith(
            'ISO_ERR_TOPIC_INVALID',
            bus.subscribe(filter, () => {}),
          );
        }
      }),
  },
  {
    name: 'publishes no will at a goodbye',
    run: (target) =>
      withBuses(target, 1, async (watcher) => {
        const topic = freshTopic();
        const seen = new Collector();
        await watcher.subscribe(topic, seen.handler, { qos: 1 });
        const leaver = target.makeBus({ will: { topic, payload: 'lost', qos: 1 } });
        await leaver.start();
        await leaver.publish(topic, 'bye', { qos: 1 });
        await leaver.stop();
        await watcher.publish(topic, 'end', { qos: 1 });
        await seen.until('end');
        assert.deepEqual(seen.texts(), ['bye', 'end']);
      }),
  },
  {
    name: 'publishes the will, retained, when a connection is lost',
    needs: 'kill',
    run: (target) =>
      withBuses(target, 2, async (watcher, other) => {
        const topic = freshTopic();
        const seen = new Collector();
        await watcher.subscribe(topic, seen.handler, { qos: 1 });
        const victim = target.makeBus({ will: { topic, payload: 'lost', qos: 1, retain: true } });
        await victim.start();
        await target.kill!(victim);
        await seen.count(1);
        const late = new Collector();
        await other.subscribe(`${topic}/#`, late.handler);
        await late.count(1);
        assert.deepEqual([seen.texts(), late.texts(), late.retains], [['lost'], ['lost'], [true]]);
        await watcher.publish(topic, '', { retain: true, qos: 1 });
      }),
  },
];
