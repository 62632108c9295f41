import type { Precision } from '../tensor/precision.ts';
import type { StageTerms } from './stage-summary.ts';

/** What the master saw of a shard's way to its agent and back, in seconds. */
export interface SeenWay {
  /** Of the whole shard without slicing, computing and joining: the way there and back. */
  readonly seconds: number;
  /** From the first to the last chunk of the results. */
  readonly receiveSeconds: number;
  /** Of the results. */
  readonly chunks: number;
  /** How the regions travelled. */
  readonly wire: Precision;
}

export interface WaySeconds {
  readonly toAgent: number;
  readonly fromAgent: number;
}

/**
 * Parts the way into there and back, by one clock. Where results come in several chunks, the time between them tells
 * how long one takes; one chunk alone tells nothing, and both directions are taken to be off by the same factor.
 */
export function partedWay(
  { seconds, receiveSeconds, chunks }: Omit<SeenWay, 'wire'>,
  predicted: StageTerms,
): WaySeconds {
  const back = chunks > 1 ? (receiveSeconds * chunks) / (chunks - 1) : shareOf(predicted) * seconds;
  const fromAgent = Math.min(back, seconds);
  return { toAgent: seconds - fromAgent, fromAgent };
}

function shareOf({ transmit, receive }: StageTerms): number {
  return transmit + receive > 0 ? receive / (transmit + receive) : 0;
}
