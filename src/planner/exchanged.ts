import type { FleetModel } from '../estimator/fleet-model.ts';
import { schemeNamed } from '../partition/schemes/index.ts';
import type { Cut, StageOption } from './option.ts';
import { optionOf } from './options.ts';
import type { Prices } from './pricing.ts';
import type { Steps } from './steps.ts';
import type { Stretches } from './stretch.ts';
import { ableTeam, type Team } from './team.ts';

/** The scheme that `exchangedPath` tries. In a search it would be priced for every run: only those for small fleets have the time. */
export const EXCHANGE = 'rows-exchange';

/** Stages whose workers have rows of feature maps already. */
const SPATIAL_SCHEMES = ['rows', 'columns', 'tiles'];
/** So many stages of the path are joined at most. */
const LONGEST = 6;
/** So many joins in a row that did not pay end the search for longer ones. */
const PATIENCE = 3;

/** What joining asks for, besides the path. */
interface Joining {
  readonly model: FleetModel;
  readonly stretches: Stretches;
  readonly prices: Prices;
  /** The largest first. */
  readonly teams: readonly Team[];
}

/**
 * The path with neighbouring spatial stages, and single ones, run as one stage in legs wherever that is faster: what is
 * gathered and sent out again between two stages then stays at the workers. First over the teams of the stages themselves
 * and the largest ones; what is chosen, over all teams.
 */
export function* exchangedPath(path: readonly StageOption[], joining: Joining): Steps<StageOption[]> {
  const joined = new Set<StageOption>();
  const best: { readonly seconds: number; readonly options: readonly StageOption[] }[] = [
    { seconds: 0, options: [] },
  ];
  for (const [at, option] of path.entries()) {
    const before = best[at]!;
    let found = { seconds: before.seconds + option.seconds, options: [...before.options, option] };
    let patience = PATIENCE;
    for (let first = at; first > at - LONGEST && patience > 0 && isSpatial(path[first]); first -= 1) {
      const span = path.slice(first, at + 1);
      const { seconds, options } = best[first]!;
      const own = [...span.map(({ cut }) => cut!.team), ...joining.teams.slice(0, 2)];
      const join = yield* joinedOption(span, found.seconds - seconds, own, joining);
      patience = join ? PATIENCE : patience - 1;
      if (!join) continue;
      joined.add(join);
      found = { seconds: seconds + join.seconds, options: [...options, join] };
    }
    best.push(found);
  }
  const refined: StageOption[] = [];
  for (const option of best.at(-1)!.options) {
    const better =
      joined.has(option) && (yield* joinedOption([option], option.seconds, joining.teams, joining));
    refined.push(better || option);
  }
  return refined;
}

const isSpatial = (option: StageOption | undefined) =>
  option?.cut !== undefined && SPATIAL_SCHEMES.includes(option.cut.scheme.name);

/** All nodes of the span as one stage over the best of the teams; undefined where that takes `limit` seconds or more. */
function* joinedOption(
  span: readonly StageOption[],
  limit: number,
  teams: readonly Team[],
  { model, stretches, prices }: Joining,
): Steps<StageOption | undefined> {
  const [from, to] = [span[0]!.from, span.at(-1)!.to];
  const run = stretches.run(from, to);
  const scheme = schemeNamed(EXCHANGE);
  if (scheme.unfit(run)) return undefined;
  let best: Cut | undefined;
  for (const team of new Map(teams.map((each) => [each.key, each])).values()) {
    const able = ableTeam(model, team, run.nodes);
    if (!able) continue;
    yield;
    const { cut } = prices.of(run, stretches.signature(from, to), scheme, able, best?.cost.seconds ?? limit);
    if (cut && cut.cost.seconds < (best?.cost.seconds ?? limit)) best = cut;
  }
  if (!best) return undefined;
  // where no exchange pays, it is a cut by rows, whatever it was asked for
  const isExchange = best.cost.exchangedBytes > 0;
  return optionOf(from, to, isExchange ? best : { ...best, scheme: schemeNamed('rows') });
}
