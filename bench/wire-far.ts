import { rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import mqtt from 'mqtt';
import { Agent } from '../src/agent/agent.ts';
import { silentLogger } from '../src/base/logger.ts';
import { MqttBus } from '../src/transport/mqtt-bus.ts';
import { EchoEngine } from './support/echo.ts';
import { serve } from './support/party.ts';

/** The far side of `npm run bench:wire`: sends back as much as it was sent. */
export interface FarRequest {
  readonly side: 'bare' | 'ours';
  readonly port: number;
  readonly bytes: number;
  readonly chunkBytes: number;
  readonly directory: string;
}

type Stop = () => Promise<void>;

/** mqtt.js, which counts bytes and sends back what came. */
async function bareFar({ port, bytes }: FarRequest): Promise<Stop> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`);
  (client.stream as Socket).setNoDelay(true);
  let received: Buffer[] = [];
  let length = 0;
  client.on('message', (_, payload) => {
    received.push(payload);
    length += payload.length;
    if (length < bytes) return;
    const back = received;
    received = [];
    // chunks of several tensors come mixed
    length -= bytes;
    void (async () => {
      for (const chunk of back) await client.publishAsync('back', chunk);
    })();
  });
  await client.subscribeAsync('there');
  return () => client.endAsync();
}

async function ourFar({ port, chunkBytes, directory }: FarRequest): Promise<Stop> {
  const agent = new Agent({
    name: 'far',
    cluster: 'bench',
    connect: (will) => new MqttBus({ url: `mqtt://127.0.0.1:${port}`, will }),
    engine: new EchoEngine(),
    logger: silentLogger,
    directory,
    chunkBytes,
    host: 'far',
  });
  await agent.start();
  return async () => {
    await agent.stop();
    await rm(directory, { recursive: true, force: true });
  };
}

let stop: Stop | undefined;

serve({
  async open(request: FarRequest) {
    stop = await (request.side === 'bare' ? bareFar : ourFar)(request);
  },
  stop: () => stop?.(),
});
