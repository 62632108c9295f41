import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { REFUSED_TOPIC } from '../../src/broker/discarded-publish.ts';
import { PacketMeter } from '../../src/broker/packet-meter.ts';
import { packet, publishPacket } from '../support/raw-mqtt.ts';

/** What passes of the stream, cut into chunks of the given sizes. */
function passed(meter: PacketMeter, stream: Buffer, cuts: readonly number[]): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0, cut = 0; at < stream.length; cut += 1) {
    const chunk = stream.subarray(at, at + cuts[cut % cuts.length]!);
    pieces.push(...meter.take(chunk));
    at += chunk.length;
  }
  return Buffer.concat(pieces);
}

const cuts = fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1 });

describe('PacketMeter', () => {
  it('finds the packets however the stream is cut', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(sizes, cuts, (sizes, cuts) => {
        const stream = Buffer.concat(sizes.map((size) => packet(0x30, Buffer.alloc(size, 0xff))));
        const largest = Math.max(...sizes);
        const meter = new PacketMeter({ maxFirstBytes: largest, maxBytes: largest });
        expect(passed(meter, stream, cuts).equals(stream)).toBe(true);
        expect(meter.packets).toBe(sizes.length);
        const strict = new PacketMeter({ maxFirstBytes: largest - 1, maxBytes: largest - 1 });
        expect(() => passed(strict, stream, cuts)).toThrow(`a packet of ${largest} bytes`);
      }),
    );
  });

  it('puts an empty PUBLISH in the place of each one that is too large, however the stream is cut', () => {
    const message = fc.record({
      qos: fc.constantFrom(0, 1, 2),
      topic: fc.stringMatching(/^[a-z/]{1,40}$/),
      bytes: fc.integer({ min: 0, max: 20_000 }),
    });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), cuts, (messages, cuts) => {
        const limit = 10_000;
        const first = packet(0x10, Buffer.alloc(10));
        const packets = messages.map(({ qos, topic, bytes }, id) =>
          publishPacket(topic, Buffer.alloc(bytes, 7), { qos, id }),
        );
        const isLarge = ({ topic, qos, bytes }: (typeof messages)[number]) =>
          2 + topic.length + (qos > 0 ? 2 : 0) + bytes > limit;
        const wanted = messages.map((each, id) =>
          isLarge(each) ? publishPacket(REFUSED_TOPIC, Buffer.alloc(0), { qos: each.qos, id }) : packets[id]!,
        );
        const topics: string[] = [];
        const limits = { maxFirstBytes: limit, maxBytes: limit, maxDiscardBytes: 30_000 };
        const meter = new PacketMeter(limits, ({ topic }) => topics.push(topic));
        const stream = Buffer.concat([first, ...packets]);
        expect(passed(meter, stream, cuts).equals(Buffer.concat([first, ...wanted]))).toBe(true);
        expect(topics).toEqual(messages.filter(isLarge).map(({ topic }) => topic));
        expect(meter.packets).toBe(1 + messages.length);
      }),
    );
  });

  it('refuses what is too large to be read to its end, what is no PUBLISH, and a topic longer than its packet', () => {
    const limits = { maxFirstBytes: 100, maxBytes: 100, maxDiscardBytes: 1000 };
    const take = (...packets: Buffer[]) => new PacketMeter(limits).take(Buffer.concat(packets));
    const first = packet(0x10, Buffer.alloc(10));
    expect(() => take(first, packet(0x30, Buffer.alloc(1001)))).toThrow('1001 bytes; the limit is 100');
    expect(() => take(first, packet(0x82, Buffer.alloc(101)))).toThrow('101 bytes; the limit is 100');
    expect(() => take(packet(0x30, Buffer.alloc(101)))).toThrow('101 bytes; the limit is 100');
    expect(() => take(first, packet(0x30, Buffer.alloc(500, 0xff)))).toThrow(
      'a topic longer than its packet',
    );
    expect(() => take(first, Buffer.of(0x30, 0x80, 0x80, 0x80, 0x80, 0x01))).toThrow('more than four bytes');
  });
});
