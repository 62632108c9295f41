import { IsobathError } from '../base/errors.ts';
import { encodeJson } from '../wire/codec.ts';
import { isName } from '../wire/names.ts';
import { parseTopic } from '../wire/parse-topic.ts';
import { PREFIX, Topics } from '../wire/topics.ts';

/**
 * What a client is told whose inference request was too large for the broker, so that no master has seen it: the coded error
 * that a master would have given, on the topic of the result. Undefined for any other topic.
 */
export function oversizedAnswer(
  topic: string,
  bytes: number,
  limit: number,
): { readonly topic: string; readonly payload: Buffer } | undefined {
  const [cluster] = topic.slice(`${PREFIX}/`.length).split('/', 1);
  const address = isName(cluster) ? parseTopic(cluster, topic) : undefined;
  if (!isName(cluster) || address?.kind !== 'infer') return undefined;
  const error = IsobathError.of('ISO_ERR_MESSAGE_TOO_LARGE', { topic, bytes, limit });
  return {
    topic: new Topics(cluster).result(address.model, address.request),
    payload: Buffer.from(encodeJson({ error: error.toJSON() })),
  };
}
