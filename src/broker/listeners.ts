import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { IsobathError, reasonOf } from '../base/errors.ts';
import type { Connection } from './connection.ts';
import type { BrokerLimits } from './limits.ts';
import { Refusal } from './refusal.ts';

/** PEM texts. */
export interface TlsOptions {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  readonly ca?: string | Buffer;
}

/** A byte stream that a client has opened. */
export interface Arrival {
  readonly stream: Duplex;
  /** Each write is a frame of its own. */
  readonly framed: boolean;
  /** Of the client. */
  readonly address: string;
}

/** Takes streams; `accept` gives undefined where there is no room for one. `refused` is told of failed handshakes. */
export interface Door {
  accept(arrival: Arrival): Connection | undefined;
  refused(address: string, error: Error): void;
}

const SOCKET = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 } as const;

/** A listener for MQTT over TCP, or over TLS. */
export function tcpListener(tls: TlsOptions | undefined, limits: BrokerLimits, door: Door): Server {
  const take = (socket: Socket) => {
    if (!door.accept({ stream: socket, framed: false, address: addressOf(socket) })) socket.destroy();
  };
  const server =
    tls === undefined
      ? createServer(SOCKET, take)
      : createTlsServer({ ...SOCKET, ...tls, handshakeTimeout: limits.connectTimeoutMs }, take);
  refuseHandshakes(server, door);
  return server;
}

/** A listener for MQTT over WebSocket, on any path. */
export function webSocketListener(tls: TlsOptions | undefined, limits: BrokerLimits, door: Door): Server {
  const timeouts = { headersTimeout: limits.connectTimeoutMs, requestTimeout: limits.connectTimeoutMs };
  const server =
    tls === undefined
      ? createHttpServer({ ...SOCKET, ...timeouts })
      : createHttpsServer({ ...SOCKET, ...timeouts, ...tls });
  refuseHandshakes(server, door);
  server.on('request', (_, response) => {
    response.writeHead(426, { 'content-type': 'text/plain', upgrade: 'websocket' });
    response.end('This port speaks MQTT over WebSocket.\n');
  });
  const sockets = new WebSocketServer({
    server,
    perMessageDeflate: false,
    maxPayload: limits.maxPacketBytes,
    // [MQTT-6.0.0-3] The sub-protocol is mqtt.
    handleProtocols: (offered) => (offered.has('mqtt') ? 'mqtt' : false),
  });
  sockets.on('error', () => {}); // told by the server, too
  sockets.on('connection', (socket, request) => {
    socket.on('error', () => {}); // a frame that is none; the stream ends by itself
    const address = addressOf(request.socket);
    const connection = door.accept({ stream: createWebSocketStream(socket), framed: true, address });
    if (connection === undefined) socket.terminate();
    else boundBeforeConnect(request.socket, connection, limits.maxBytesBeforeConnect);
  });
  return server;
}

function addressOf({ remoteAddress = 'unknown', remotePort = 0 }: Socket): string {
  return remoteAddress.includes(':') ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
}

/** A stranger's handshake failed; the socket is gone already. */
function refuseHandshakes(server: Server, door: Door): void {
  server.on('tlsClientError', (error: Error, socket: Socket) => {
    if ((error as NodeJS.ErrnoException).code === 'ECONNRESET') return;
    door.refused(addressOf(socket), new Refusal('tls', reasonOf(error)));
  });
}

/** A message reaches the connection when its last frame is there: before that, a stranger's bytes are counted here. */
function boundBeforeConnect(socket: Duplex, connection: Connection, maxBytes: number): void {
  let left = maxBytes + READS_DURING_CONNECT;
  const count = (chunk: Buffer) => {
    left -= chunk.length;
    if (connection.authenticated) socket.off('data', count);
    else if (left < 0) connection.destroy(new Refusal('large', `more than ${maxBytes} bytes before CONNECT`));
  };
  socket.on('data', count);
}

/** A client may send on while it is being authenticated, which takes a few turns of the event loop. */
const READS_DURING_CONNECT = 4 * 64 * 1024;

/** Begins to listen and gives the port. Throws ISO_ERR_BROKER_LISTEN. */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const inUse = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      const reason = inUse ? 'another program listens there' : reasonOf(error);
      reject(IsobathError.of('ISO_ERR_BROKER_LISTEN', { address: `${host}:${port}`, reason }, error));
    });
    server.listen(port, host, resolve);
  });
  server.removeAllListeners('error').on('error', () => {}); // of single accepts: out of descriptors
  return (server.address() as AddressInfo).port;
}

/** Frees the port. Its connections have been destroyed before. */
export async function unlisten(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise((resolve) => server.close(resolve));
  if ('closeAllConnections' in server) (server.closeAllConnections as () => void)();
  await closed;
}
