import { IsobathError } from '../base/errors.ts';

const MAX_TOPIC_BYTES = 65_535;

/** Does `filter`, with the wildcards `+` and `#`, match `topic`? [MQTT-4.7] */
export function topicMatches(filter: string, topic: string): boolean {
  // [MQTT-4.7.2-1] A leading wildcard does not reach the broker's own topics.
  if (topic.startsWith('$') && (filter.startsWith('+') || filter.startsWith('#'))) return false;
  const wanted = filter.split('/');
  const levels = topic.split('/');
  for (const [at, level] of wanted.entries()) {
    if (level === '#') return true;
    if (at >= levels.length || (level !== '+' && level !== levels[at])) return false;
  }
  return wanted.length === levels.length;
}

export function hasWildcard(filter: string): boolean {
  return filter.includes('+') || filter.includes('#');
}

/** Throws ISO_ERR_TOPIC_INVALID for what cannot be published to. [MQTT-3.3.2-2] */
export function requireTopic(topic: string): void {
  if (hasWildcard(topic) || !isText(topic)) throw invalid(topic);
}

/** Throws ISO_ERR_TOPIC_INVALID for what cannot be subscribed to. [MQTT-4.7.1-2, MQTT-4.7.1-3] */
export function requireFilter(filter: string): void {
  const levels = filter.split('/');
  const sound = levels.every(
    (level, at) => !hasWildcard(level) || level === '+' || (level === '#' && at === levels.length - 1),
  );
  if (!sound || !isText(filter)) throw invalid(filter);
}

function isText(topic: string): boolean {
  return topic !== '' && !topic.includes('\0') && Buffer.byteLength(topic) <= MAX_TOPIC_BYTES;
}

function invalid(topic: string): IsobathError {
  return IsobathError.of('ISO_ERR_TOPIC_INVALID', { name: JSON.stringify(topic) });
}
