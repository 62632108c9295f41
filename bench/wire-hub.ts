import { rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { Aedes } from 'aedes';
import { silentLogger } from '../src/base/logger.ts';
import { Broker } from '../src/broker/broker.ts';
import { Master } from '../src/master/master.ts';
import { sizeOf } from '../src/tensor/region.ts';
import { Tensor } from '../src/tensor/tensor.ts';
import { EchoEngine, echoGraph } from './support/echo.ts';
import { serve } from './support/party.ts';

/** The broker's side of `npm run bench:wire`: it sends tensors and waits for as much to come back. */
interface Hub {
  readonly port: number;
  ready(): Promise<void>;
  /** One tensor there and back. */
  echo(): Promise<void>;
  stop(): Promise<void>;
}

export interface HubRequest {
  readonly side: 'bare' | 'ours';
  readonly channels: number;
  readonly extent: number;
  readonly chunkBytes: number;
  readonly directory: string;
}

/** Aedes as its documentation shows it. The chunks are views of one tensor: nobody copies, checks or reads them here. */
async function bareHub({ channels, extent, chunkBytes }: HubRequest): Promise<Hub> {
  const aedes = await Aedes.createBroker();
  const server = createServer({ noDelay: true }, (socket) => aedes.handle(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bytes = 4 * channels * extent ** 2;
  const tensor = Buffer.alloc(bytes, 1);
  const waiting: (() => void)[] = [];
  let received = 0;
  await new Promise<void>((resolve) => {
    const count = (packet: { readonly payload: string | Buffer }, done: () => void) => {
      received += packet.payload.length;
      if (received >= bytes) {
        received -= bytes;
        waiting.shift()?.();
      }
      done();
    };
    aedes.subscribe('back', count, resolve);
  });
  const publish = (payload: Buffer) =>
    new Promise<void>((resolve, reject) => {
      const packet = { cmd: 'publish', topic: 'there', payload, qos: 0, retain: false, dup: false } as const;
      aedes.publish(packet, (error) => (error ? reject(error) : resolve()));
    });
  return {
    port: (server.address() as AddressInfo).port,
    ready: async () => {},
    async echo() {
      const back = new Promise<void>((resolve) => waiting.push(resolve));
      for (let at = 0; at < bytes; at += chunkBytes) await publish(tensor.subarray(at, at + chunkBytes));
      await back;
    },
    async stop() {
      await new Promise<void>((resolve) => aedes.close(resolve));
      server.close();
    },
  };
}

/** A master with the broker in its process, and a model of one convolution that its agent is to run. */
async function ourHub({ channels, extent, chunkBytes, directory }: HubRequest): Promise<Hub> {
  const broker = new Broker({ port: 0 });
  await broker.start();
  const graph = echoGraph(channels, extent);
  const master = new Master({
    cluster: 'bench',
    connect: (will) => broker.bus({ will }),
    engine: new EchoEngine(),
    logger: silentLogger,
    directory,
    models: [{ name: 'echo', graph, strategy: 'depth', scheme: 'output-depth' }],
    chunkBytes,
    settleMs: 20,
    host: 'hub',
  });
  const deployed = new Promise<void>((resolve) => {
    master.on('deployed', ({ deployment }) => deployment.agents.length === 1 && resolve());
  });
  await master.start();
  const { shape } = graph.types.get('x')!;
  const inputs = new Map([['x', Tensor.float32(shape, new Float32Array(sizeOf(shape)).fill(1))]]);
  return {
    port: broker.port,
    ready: () => deployed,
    async echo() {
      const { degraded } = await master.infer('echo', 'bench', inputs);
      if (degraded) throw new Error('the agent did not answer');
    },
    async stop() {
      await master.stop();
      await broker.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

let hub: Hub | undefined;

serve({
  async open(request: HubRequest) {
    hub = await (request.side === 'bare' ? bareHub : ourHub)(request);
    return hub.port;
  },
  ready: () => hub!.ready(),
  /** Seconds for so many tensors there and back, of which `inFlight` are under way at a time. */
  async run({ tensors, inFlight }: { readonly tensors: number; readonly inFlight: number }) {
    let left = tensors;
    const lane = async () => {
      while (left > 0) {
        left -= 1;
        await hub!.echo();
      }
    };
    const started = performance.now();
    const before = process.cpuUsage();
    await Promise.all(Array.from({ length: inFlight }, lane));
    const { user, system } = process.cpuUsage(before);
    return { seconds: (performance.now() - started) / 1000, cpuSeconds: (user + system) / 1e6 };
  },
  stop: () => hub?.stop(),
});
