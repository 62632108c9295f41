import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Collector } from '../../src/transport/conformance-support.ts';
import { MqttBus } from '../../src/transport/mqtt-bus.ts';
import { startBroker, startBus } from '../support/broker.ts';

const pem = (name: string) => readFileSync(new URL(`../support/tls/${name}.pem`, import.meta.url));
const tls = { cert: pem('cert'), key: pem('key') };

describe('the broker with a certificate', () => {
  it.each(['mqtts', 'wss'])('carries 1 MiB over %s', async (scheme) => {
    const broker = await startBroker({ tls, wsPort: 0 });
    const url = `${scheme}://127.0.0.1:${scheme === 'wss' ? broker.wsPort : broker.port}`;
    const bus = await startBus({ url, ca: tls.cert });
    const seen = new Collector();
    await bus.subscribe('a', seen.handler);
    const payload = Buffer.alloc(2 ** 20, 'isobath');
    await bus.publish('a', payload);
    await seen.count(1);
    expect(payload.equals(seen.payloads[0]!)).toBe(true);
  });

  it('is not trusted by a client that does not know the authority, unless told to', async () => {
    const broker = await startBroker({ tls });
    const url = `mqtts://127.0.0.1:${broker.port}`;
    await expect(new MqttBus({ url }).start()).rejects.toMatchObject({
      code: 'ISO_ERR_BROKER_UNREACHABLE',
      message: expect.stringMatching(/self-signed certificate/),
    });
    await startBus({ url, rejectUnauthorized: false });
  });

  it('cuts a client that does not speak TLS', async () => {
    const broker = await startBroker({ tls });
    const bus = new MqttBus({ url: `mqtt://127.0.0.1:${broker.port}` });
    await expect(bus.start()).rejects.toMatchObject({ code: 'ISO_ERR_BROKER_UNREACHABLE' });
  });
});
