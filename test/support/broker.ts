import { afterEach } from '@jest/globals';
import { Broker, type BrokerOptions } from '../../src/broker/broker.ts';
import { MqttBus } from '../../src/transport/mqtt-bus.ts';
import type { MqttBusOptions } from '../../src/transport/mqtt-options.ts';

const ends: (() => Promise<void>)[] = [];

/** Runs after the test, last come first served. */
export function atEnd(end: () => Promise<void>): void {
  ends.push(end);
}

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A running broker on a free port, stopped after the test. */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const broker = new Broker({ port: 0, ...options });
  await broker.start();
  atEnd(() => broker.stop());
  return broker;
}

/** A started bus, stopped after the test. */
export async function startBus(options: Partial<MqttBusOptions> & { port?: number }): Promise<MqttBus> {
  const { port, ...rest } = options;
  const bus = new MqttBus({ url: `mqtt://127.0.0.1:${port}`, minReconnectMs: 20, ...rest });
  await bus.start();
  atEnd(() => bus.stop());
  return bus;
}
