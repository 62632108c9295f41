/** What the broker grants a client, so that none can take it from the others. */
export interface BrokerLimits {
  /** Connections at a time. Default 1,024. */
  readonly maxConnections: number;
  /** Bytes that a connection may send before it is authenticated. Default 64 KiB. */
  readonly maxBytesBeforeConnect: number;
  /** Time for a whole CONNECT packet to arrive. Default 10 s. */
  readonly connectTimeoutMs: number;
  /** Largest packet. Default 2 MiB and 64 KiB for headers. */
  readonly maxPacketBytes: number;
  /** A PUBLISH above `maxPacketBytes` and up to this is read, acknowledged and dropped; a larger one ends the connection. Default 64 MiB. */
  readonly maxDiscardBytes: number;
  /** Backlog of a client from which its publishers wait. Default 2 MiB. */
  readonly lowWaterBytes: number;
  /** Backlog of a client from which messages for it are dropped. Default 64 MiB. */
  readonly maxBacklogBytes: number;
  /**
   * A client that takes nothing for so long makes nobody wait any more. Default 4 s: the kernel asks for more only when a
   * third of its send buffer (up to 4 MiB) is free again, which takes a 10 Mbit/s link a second.
   */
  readonly stallGraceMs: number;
  /** A client that takes nothing for so long is disconnected. Default 20 s. */
  readonly stallTimeoutMs: number;
  /** Longest that one publish waits for slow receivers. Default 10 s. */
  readonly maxPublishWaitMs: number;
}

export const DEFAULT_LIMITS: BrokerLimits = {
  maxConnections: 1024,
  maxBytesBeforeConnect: 64 * 1024,
  connectTimeoutMs: 10_000,
  maxPacketBytes: 2 * 2 ** 20 + 64 * 1024,
  maxDiscardBytes: 64 * 2 ** 20,
  lowWaterBytes: 2 * 2 ** 20,
  maxBacklogBytes: 64 * 2 ** 20,
  stallGraceMs: 4000,
  stallTimeoutMs: 20_000,
  maxPublishWaitMs: 10_000,
};
