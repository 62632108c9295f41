import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { Broker } from '../../src/broker/broker.ts';
import type { Bus, BusOptions } from '../../src/transport/bus.ts';
import { busConformance } from '../../src/transport/conformance.ts';
import { MqttBus } from '../../src/transport/mqtt-bus.ts';

const broker = new Broker({ port: 0, wsPort: 0 });
beforeAll(() => broker.start());
afterAll(() => broker.stop());

const urls = {
  TCP: () => `mqtt://127.0.0.1:${broker.port}`,
  WebSocket: () => `ws://127.0.0.1:${broker.wsPort}`,
};
for (const [name, url] of Object.entries(urls)) {
  describe(`MqttBus on the embedded broker over ${name}`, () => {
    const target = {
      makeBus: (options: BusOptions = {}) => new MqttBus({ url: url(), ...options }),
      kill: (bus: Bus) => (bus as MqttBus).abandon(),
    };
    for (const { name: title, run } of busConformance(target)) it(title, run);
  });
}

describe('InProcessBus', () => {
  for (const { name, run } of busConformance({ makeBus: (options) => broker.bus(options) })) it(name, run);
});
