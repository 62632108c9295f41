import { assumedCompute, assumedLink } from '../estimator/assumed.ts';
import type { MeasuredDevice, MeasuredLink } from '../estimator/measured.ts';
import type { Member } from './fleet.ts';

/** An agent as the estimator sees it: by what it says of itself, and what was measured of its link; the rest is assumed. */
export function deviceOf(
  { id, profile }: Pick<Member, 'id' | 'profile'>,
  link: MeasuredLink | undefined,
): MeasuredDevice {
  const { host, cores, filterBytesLimit, weight, engine } = profile;
  const { threads } = engine;
  return {
    id,
    compute: profile.compute ?? assumedCompute(threads, weight),
    ...(host === undefined ? {} : { host: { id: host, cores, threads } }),
    ...(filterBytesLimit === undefined ? {} : { filterBytesLimit }),
    link: link ?? assumedLink(),
  };
}
