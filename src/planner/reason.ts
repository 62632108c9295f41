import { bytesInWords, msInWords } from '../base/in-words.ts';
import type { FleetModel } from '../estimator/fleet-model.ts';
import type { StageTerms } from '../estimator/stage-summary.ts';
import type { Alternative } from './alternatives.ts';
import type { Cut } from './option.ts';
import type { Stage } from './plan.ts';

export interface ReasonedStage {
  readonly stage: Stage;
  readonly localSeconds: number;
  readonly agents: readonly string[];
  readonly masterComputes: boolean;
}

/** Why a stage is as it is, in words. `alternatives` are those of its parts, where it is local. */
export function reasonOf(
  facts: ReasonedStage,
  alternatives: readonly Alternative[],
  model: FleetModel,
): string {
  return facts.agents.length > 0 ? whyDistributed(facts, model) : whyLocal(facts, alternatives);
}

function whyDistributed(facts: ReasonedStage, { master }: FleetModel): string {
  const { stage, localSeconds, agents, masterComputes } = facts;
  const { seconds, terms, bytes, exchangedBytes, perWorker } = stage.cost;
  const moves = `${cutInWords(stage.scheme, agents.length, masterComputes)} moves ${bytesInWords(bytes)}${between(exchangedBytes)}`;
  const saved = localSeconds - seconds;
  const effect =
    saved > 0
      ? `to save ${msInWords(saved)} of the master's ${msInWords(localSeconds)}`
      : `and takes ${msInWords(seconds)}, where the master alone would need ${msInWords(localSeconds)}`;
  if (stage.shards[0]?.replicas) {
    const rate = 1 / stage.cost.throughputSeconds;
    return `${agents.length + (masterComputes ? 1 : 0)} workers hold the whole of it and take turns: up to ${rate.toPrecision(3)} results per second, each after ${msInWords(seconds)}, where the master alone needs ${msInWords(localSeconds)}`;
  }
  const filters = perWorker.reduce((sum, { filterBytes }) => sum + filterBytes, 0);
  const tooLarge =
    filters > master.filterBytesLimit
      ? `; the master may not hold its ${bytesInWords(filters)} of filters`
      : '';
  return `${moves} ${effect}; ${mostOf(terms, seconds)}${tooLarge}`;
}

/** What workers send one another takes two links, the master's excepted. */
function between(exchangedBytes: number): string {
  return exchangedBytes > 0 ? `, with ${bytesInWords(exchangedBytes)} of halo from worker to worker,` : '';
}

const TERM_WORDS: Readonly<Record<keyof StageTerms, string>> = {
  partition: 'slicing',
  transmit: 'sending',
  edge: 'computing',
  receive: 'receiving',
  join: 'joining',
};

/** The largest of the five terms. */
function mostOf(terms: StageTerms, seconds: number): string {
  const names = Object.keys(TERM_WORDS) as (keyof StageTerms)[];
  const largest = names.reduce((most, name) => (terms[name] > terms[most] ? name : most));
  return `${TERM_WORDS[largest]} is ${Math.round((100 * terms[largest]) / seconds)} % of its ${msInWords(seconds)}`;
}

/** Tells the cut that comes nearest to what its nodes take at the master. */
function whyLocal({ localSeconds }: ReasonedStage, alternatives: readonly Alternative[]): string {
  const near = alternatives
    .flatMap(({ nodes, localSeconds: here, cut }) => (cut ? [{ nodes, here, cut }] : []))
    .toSorted((a, b) => a.cut.cost.seconds / a.here - b.cut.cost.seconds / b.here)[0];
  if (!near) return `stays at the master (${msInWords(localSeconds)}): no scheme fits it`;
  const { cut, here } = near;
  const of = alternatives.length > 1 ? ` of ${near.nodes[0]!.name}` : '';
  const against = `would take ${msInWords(cut.cost.seconds)} against ${msInWords(here)}`;
  return cut.cost.seconds < here
    ? `stays at the master, although a cut${of}, ${alternativeInWords(cut)}, ${against}: the strategy or the filter limits keep it there`
    : `stays at the master: the best cut${of}, ${alternativeInWords(cut)}, ${against}`;
}

function alternativeInWords({ scheme, cost }: Cut): string {
  const agents = cost.perWorker.filter(({ bytesIn, bytesOut }) => bytesIn + bytesOut > 0).length;
  return cutInWords(scheme.name, agents, agents < cost.perWorker.length);
}

function cutInWords(scheme: string, agents: number, masterComputes: boolean): string {
  const others = masterComputes ? ' and the master' : '';
  return `${scheme} over ${agents} ${agents === 1 ? 'agent' : 'agents'}${others}`;
}
