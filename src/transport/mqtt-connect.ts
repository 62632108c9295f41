import type { MqttClient } from 'mqtt';
import { IsobathError, reasonOf } from '../base/errors.ts';

/** How long a goodbye may take: acknowledgements still to come, and bytes still to leave. */
const GOODBYE_MS = 2000;

/** Waits for the first CONNACK. Rejects with the first thing that goes wrong; the caller ends the client then. */
export function connectFirst(client: MqttClient, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: unknown) => settle(() => reject(connectError(url, error)));
    const closed = () => failed(new Error('the connection was closed'));
    const connected = () => settle(resolve);
    const settle = (outcome: () => void) => {
      client.off('error', failed).off('close', closed).off('connect', connected);
      outcome();
    };
    client.on('error', failed).on('close', closed).on('connect', connected);
  });
}

/** Says goodbye, so that no will is published; a link that does not take it in time is cut. */
export async function endClient(client: MqttClient): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise((resolve) => {
    timer = setTimeout(resolve, GOODBYE_MS);
  });
  await Promise.race([client.endAsync(!client.connected), patience]).catch(() => {});
  clearTimeout(timer);
  client.stream.destroy();
}

/** Node gives failed connections to a name with several addresses an error without a text. */
export function whyOf(error: unknown): string {
  const { code, errors } = error as { code?: unknown; errors?: unknown[] };
  if (Array.isArray(errors) && errors.length > 0) return whyOf(errors[0]);
  return reasonOf(error) || String(code);
}

function connectError(url: string, error: unknown): IsobathError {
  const { code } = error as { code?: unknown };
  const refused = typeof code === 'number' && code >= 1 && code <= 5;
  const reason = whyOf(error).replace(/^Connection refused: /, '');
  return IsobathError.of(
    refused ? 'ISO_ERR_BROKER_REFUSED' : 'ISO_ERR_BROKER_UNREACHABLE',
    { url, reason },
    error,
  );
}
