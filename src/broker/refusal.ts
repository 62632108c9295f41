/** Why a broker refuses a client, or something that a client sent, and what to do about it. */
export const REFUSALS = {
  protocol: {
    reason: 'it speaks a version of MQTT that this broker does not',
    cure: 'Set the client to MQTT 3.1.1 (protocol level 4).',
  },
  identifier: {
    reason: 'its client identifier is not allowed',
    cure: 'Give the client an identifier, or let it ask for a clean session; MQTT 3.1 allows 23 characters.',
  },
  credentials: {
    reason: 'its user name or its password is wrong',
    cure: 'Correct them in the client, or add the user to `users` of the broker.',
  },
  connections: {
    reason: 'there are as many connections as the limit allows',
    cure: 'Raise `limits.maxConnections` of the broker, or close clients that are not needed.',
  },
  tls: {
    reason: 'the TLS handshake failed',
    cure: 'Use mqtts:// (wss://) on this port, and give the client the authority that signed the certificate of the broker.',
  },
  large: {
    reason: 'it sent a packet that is too large',
    cure: 'Send a smaller file, or raise `limits.maxPacketBytes` of the broker; `isobath infer` sends large inputs in parts.',
  },
  malformed: {
    reason: 'what it sent is not MQTT 3.1.1',
    cure: 'Check that the client speaks MQTT, with or without TLS and WebSocket as this port does, and follows MQTT 3.1.1.',
  },
  flood: {
    reason: 'it sent more than it may before the broker has answered',
    cure: 'Let the client wait for answers before it sends on.',
  },
  silent: {
    reason:
      'it was silent for too long: 1.5 times the keep-alive that it asked for, or after it had connected',
    cure: 'Let the client send PINGREQ in time, or ask for a longer keep-alive (0: none); check its network.',
  },
  behind: {
    reason: 'it does not read what it subscribed to fast enough',
    cure: 'Subscribe to less, or speed up the client or its network.',
  },
  subscribe: {
    reason: 'it may not subscribe to this filter',
    cure: 'Check the access rules of the broker. Shared subscriptions ($share) are not part of MQTT 3.1.1.',
  },
  publish: {
    reason: 'it may not publish on this topic; the message was acknowledged and dropped',
    cure: 'Check the access rules of the broker. Topics that begin with $ belong to the broker.',
  },
} as const;

export type RefusalCause = keyof typeof REFUSALS;

/** Ends a connection for a cause that its log line names. */
export class Refusal extends Error {
  readonly refusal: RefusalCause;

  constructor(refusal: RefusalCause, detail: string) {
    super(detail);
    this.refusal = refusal;
  }
}

/** CONNACK return codes of MQTT 3.1.1 (table 3.1) that Aedes gives by itself. */
const BY_RETURN_CODE: Readonly<Record<number, RefusalCause>> = {
  1: 'protocol',
  2: 'identifier',
  4: 'credentials',
  5: 'credentials',
};

/** What Aedes 1.2, mqtt-packet and ws say of a client that they give up; everything else that they say is of its packets. */
const BY_TEXT: readonly (readonly [RegExp, RefusalCause])[] = [
  [/^keep alive timeout|^connect did not arrive/, 'silent'],
  [/^Client queue limit|^maxInflightInbound/, 'flood'],
  [/^Invalid protocolId|^Invalid protocol version/, 'protocol'],
  [/^Max payload size exceeded/, 'large'],
];

/** The cause of an error on a client's connection; undefined where the client or its network ended it. */
export function causeOf(error: Error): RefusalCause | undefined {
  if (error instanceof Refusal) return error.refusal;
  const { errorCode = 0 } = error as { errorCode?: number };
  const known = BY_RETURN_CODE[errorCode] ?? BY_TEXT.find(([text]) => text.test(error.message))?.[1];
  const isOfNetwork =
    (error as NodeJS.ErrnoException).code !== undefined || error.message === 'connection closed';
  return known ?? (isOfNetwork ? undefined : 'malformed');
}
