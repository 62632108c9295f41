import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PacketMeter } from '../../src/broker/packet-meter.ts';
import { packet } from '../support/raw-mqtt.ts';

describe('PacketMeter', () => {
  it('finds the packets however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1 }),
        (sizes, cuts) => {
          const stream = Buffer.concat(sizes.map((size) => packet(0x30, Buffer.alloc(size, 0xff))));
          const largest = Math.max(...sizes);
          const meter = new PacketMeter();
          const strict = new PacketMeter();
          let refused = false;
          for (let at = 0, cut = 0; at < stream.length; cut += 1) {
            const chunk = stream.subarray(at, at + cuts[cut % cuts.length]!);
            expect(meter.accepts(chunk, largest, largest)).toBe(true);
            refused ||= !strict.accepts(chunk, largest - 1, largest - 1);
            at += chunk.length;
          }
          expect(meter.packets).toBe(sizes.length);
          expect(refused).toBe(true);
        },
      ),
    );
  });
});
