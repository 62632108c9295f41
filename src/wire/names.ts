import { IsobathError } from '../base/errors.ts';
import { matching } from './check.ts';

const NAME = /^[A-Za-z0-9._-]{1,128}$/;
const SHA256 = /^[0-9a-f]{64}$/;

/** True for what may stand between two slashes of a topic: a cluster, agent, model, request or deployment. */
export function isName(name: unknown): name is string {
  return typeof name === 'string' && NAME.test(name);
}

/** True for 64 lower-case hex digits. */
export function isSha256(name: unknown): name is string {
  return typeof name === 'string' && SHA256.test(name);
}

/** Gives `name` back, or throws ISO_ERR_TOPIC_INVALID: a `/`, `+` or `#` in a name would change which topic it is. */
export function validName(name: string): string {
  if (!isName(name)) throw IsobathError.of('ISO_ERR_TOPIC_INVALID', { name: JSON.stringify(name) });
  return name;
}

/** Gives `sha256` back, or throws ISO_ERR_TOPIC_INVALID. */
export function validSha256(sha256: string): string {
  if (!isSha256(sha256)) throw IsobathError.of('ISO_ERR_TOPIC_INVALID', { name: JSON.stringify(sha256) });
  return sha256;
}

export const nameCheck = matching(NAME, 'a name of 1 to 128 letters, digits, dots, dashes and underscores');
export const sha256Check = matching(SHA256, 'a SHA-256 of 64 lower-case hex digits');
