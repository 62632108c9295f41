import type { FleetModel } from '../estimator/fleet-model.ts';
import { schemeNamed } from '../partition/schemes/index.ts';
import type { Cut, StageOption } from './option.ts';
import { optionOf } from './options.ts';
import type { Prices } from './pricing.ts';
import type { Steps } from './steps.ts';
import type { Stretches } from './stretch.ts';
import { ableTeam, type Team } from './team.ts';

/** The scheme that `exchangedPath` tries; it is left out of the options of a search, where it would be priced for every run. */
export const EXCHANGE = 'rows-exchange';

/** Stages whose workers have rows of feature maps already. */
const SPATIAL_SCHEMES = ['rows', 'columns', 'tiles'];
/** So many stages of the path are joined at most. */
const LONGEST = 6;

/**
 * The path with neighbouring spatial stages, and single ones, run as one stage in legs wherever that is faster: what is
 * gathered and sent out again between two stages then stays at the workers. Over the teams of the stages themselves, and
 * those given.
 */
export function* exchangedPath(
  path: readonly StageOption[],
  model: FleetModel,
  stretches: Stretches,
  prices: Prices,
  teams: readonly Team[],
): Steps<StageOption[]> {
  const best: { readonly seconds: number; readonly options: readonly StageOption[] }[] = [
    { seconds: 0, options: [] },
  ];
  for (const [at, option] of path.entries()) {
    const before = best[at]!;
    let found = { seconds: before.seconds + option.seconds, options: [...before.options, option] };
    for (let first = at; isSpatial(path[at]!) && first > at - LONGEST && isSpatial(path[first]); first -= 1) {
      const span = path.slice(first, at + 1);
      const limit = found.seconds - best[first]!.seconds;
      const joined = yield* joinedOption(span, limit, model, stretches, prices, teams);
      if (joined)
        found = {
          seconds: best[first]!.seconds + joined.seconds,
          options: [...best[first]!.options, joined],
        };
    }
    best.push(found);
  }
  return [...best.at(-1)!.options];
}

const isSpatial = (option: StageOption | undefined) =>
  option?.cut !== undefined && SPATIAL_SCHEMES.includes(option.cut.scheme.name);

/** All nodes of the span as one stage; undefined where that takes `limit` seconds or more. */
function* joinedOption(
  span: readonly StageOption[],
  limit: number,
  model: FleetModel,
  stretches: Stretches,
  prices: Prices,
  teams: readonly Team[],
): Steps<StageOption | undefined> {
  const [from, to] = [span[0]!.from, span.at(-1)!.to];
  const run = stretches.run(from, to);
  const scheme = schemeNamed(EXCHANGE);
  if (scheme.unfit(run)) return undefined;
  const candidates = new Map([...span.map(({ cut }) => cut!.team), ...teams].map((team) => [team.key, team]));
  let best: Cut | undefined;
  for (const team of candidates.values()) {
    const able = ableTeam(model, team, run.nodes);
    if (!able) continue;
    yield;
    const { cut } = prices.of(run, stretches.signature(from, to), scheme, able, best?.cost.seconds ?? limit);
    if (cut && cut.cost.seconds < (best?.cost.seconds ?? limit)) best = cut;
  }
  // where no exchange pays, it is a cut by rows, whatever it was asked for
  return (
    best && optionOf(from, to, best.cost.exchangedBytes > 0 ? best : { ...best, scheme: schemeNamed('rows') })
  );
}
