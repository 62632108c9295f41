import type { Fields } from './fields.ts';
import { type LinkProfile, type OneWay, type PortProfile, symmetricLink } from './profile.ts';
import { BIT_RATE, DURATION } from './quantities.ts';

/**
 * Bytes of a TCP stream per byte on an Ethernet wire: 1448 of 1538, with a frame's preamble, header, checksum and gap, and
 * the headers of IPv4 and of TCP with timestamps (IEEE 802.3, RFC 791, RFC 7323). iperf3 shows 941 Mbit/s on 1 Gbit/s.
 */
export const ETHERNET_PAYLOAD = 1448 / 1538;

/** Seconds per message where a file does not tell: one MQTT packet through the broker. Assumed. */
export const DEFAULT_ALPHA = 0.5e-3;

/** `100mbit`, or { rate | down and up, payload, message, wake, sharedMedium }. */
export function readLink(fields: Fields, key: string): LinkProfile {
  const value = fields.get(key);
  if (typeof value === 'string')
    return symmetricLink(fields.needed(key, BIT_RATE) * ETHERNET_PAYLOAD, DEFAULT_ALPHA);
  const parts = fields.child(key);
  const rate = parts.quantity('rate', BIT_RATE);
  const down = rate ?? parts.needed('down', BIT_RATE);
  const up = rate ?? parts.needed('up', BIT_RATE);
  if (rate === 0) parts.problem('rate', 'must be above 0');
  const payload = readPayload(parts);
  const alpha = parts.quantity('message', DURATION) ?? DEFAULT_ALPHA;
  const wakeSeconds = parts.quantity('wake', DURATION);
  const onSharedMedium = parts.flag('sharedMedium');
  parts.end();
  const way = (bits: number): OneWay => ({ alpha, beta: 8 / (bits * payload) });
  return {
    toAgent: way(down),
    fromAgent: way(up),
    ...(wakeSeconds === undefined ? {} : { wakeSeconds }),
    ...(onSharedMedium === undefined ? {} : { onSharedMedium }),
  };
}

/** `1gbit`, or { rate, payload }. */
export function readPort(fields: Fields, key: string): PortProfile {
  const beta = readBeta(fields, key);
  return { betaOut: beta, betaIn: beta };
}

/** Seconds per byte of `54mbit`, or of { rate, payload }. */
export function readBeta(fields: Fields, key: string): number {
  const value = fields.get(key);
  if (typeof value === 'string') return 8 / (fields.needed(key, BIT_RATE) * ETHERNET_PAYLOAD);
  const parts = fields.child(key);
  const beta = 8 / (parts.needed('rate', BIT_RATE) * readPayload(parts));
  parts.end();
  return beta;
}

function readPayload(fields: Fields): number {
  const payload = fields.number('payload', 0.01, 1, 'the share of the rate that carries payload, up to 1');
  return payload ?? ETHERNET_PAYLOAD;
}
