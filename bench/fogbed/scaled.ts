import type {
  MeasuredCompute,
  MeasuredFleet,
  MeasuredLink,
  MeasuredWay,
} from '../../src/estimator/measured.ts';
import { computeProfile } from '../../src/wire/messages/compute-profile.ts';

/** All times of these figures that are seconds of something. */
const PER = /^seconds(?:PerMac|PerByte|PerByteOf|PerRun|PerMessage)$|^copySecondsPerByte$/;

/**
 * What a device with a share of the processor takes on which `compute` was measured: everything takes longer by the same
 * factor. Measured through the quota the figures would be wrong, because most probes are shorter than what the quota
 * allows at once, and run at the full speed.
 */
export function scaledCompute(compute: MeasuredCompute, share: number): MeasuredCompute {
  const { measured: _, ...figures } = compute;
  const scaled = Object.entries(figures).map(([name, figure]) => [
    name,
    PER.test(name) ? times(figure, 1 / share) : figure,
  ]);
  const { measured } = compute;
  return computeProfile({ ...Object.fromEntries(scaled), ...(measured ? { measured } : {}) }, 'profile');
}

/** What links take devices without a limit: on cables without one, and on those of the fog. */
export interface LinksAtFullSpeed {
  readonly free: MeasuredFleet;
  readonly cabled: MeasuredFleet;
}

/** The links and ports of one master, as it keeps them. */
export interface ScaledLinks {
  readonly links: readonly { readonly agent: string; readonly link: MeasuredLink }[];
  readonly limits: Pick<MeasuredFleet, 'masterPort' | 'sharedMedium'>;
}

/**
 * The links of devices with these shares of a processor. What both ends compute for a message is what it takes on free
 * cables; by a share of a processor it takes so many times as long, and the wire stays as it is.
 *
 * @param shares by the id of the device
 * @param delaySeconds that each way takes on free cables, too, and that no processor is to blame for
 */
export function scaledLinks(
  { free, cabled }: LinksAtFullSpeed,
  shares: ReadonlyMap<string, number>,
  delaySeconds: number,
): ScaledLinks {
  const master = 1 / shares.get(cabled.master.id)!;
  const links = cabled.agents.flatMap(({ id, link }) => {
    const own = free.agents.find((agent) => agent.id === id)?.link;
    if (!link || !own) return [];
    // each end has a half of the work
    const more = (master + 1 / shares.get(id)!) / 2 - 1;
    const way = (cable: MeasuredWay, bare: MeasuredWay): MeasuredWay => ({
      ...cable,
      alpha: cable.alpha + more * Math.max(0, bare.alpha - delaySeconds),
      beta: cable.beta + more * bare.beta,
    });
    const { toAgent, fromAgent } = link as MeasuredLink;
    return [
      {
        agent: id,
        link: {
          toAgent: way(toAgent, own.toAgent as MeasuredWay),
          fromAgent: way(fromAgent, own.fromAgent as MeasuredWay),
        },
      },
    ];
  });
  const { masterPort, sharedMedium } = cabled;
  // on free cables, what all links share is the master's processor
  const bare = free.masterPort ?? { betaOut: 0, betaIn: 0 };
  return {
    links,
    limits: {
      ...(masterPort
        ? {
            masterPort: {
              betaOut: masterPort.betaOut + (master - 1) * bare.betaOut,
              betaIn: masterPort.betaIn + (master - 1) * bare.betaIn,
            },
          }
        : {}),
      ...(sharedMedium ? { sharedMedium } : {}),
    },
  };
}

/** Every number of seconds in it: multiply-accumulates and spreads stay. */
function times(figure: unknown, factor: number): unknown {
  if (typeof figure === 'number') return figure * factor;
  if (Array.isArray(figure)) return figure.map((each) => times(each, factor));
  return Object.fromEntries(
    Object.entries(figure as object).map(([name, value]) => [
      name,
      name === 'macs' || name === 'spread' ? value : times(value, factor),
    ]),
  );
}
