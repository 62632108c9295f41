import type { MeasuredDevice, MeasuredFleet, MeasuredWay } from '../estimator/measured.ts';
import { median } from '../estimator/statistics.ts';
import { WORK_KINDS } from '../partition/work.ts';
import { type Column, countText, table } from './table.ts';

type Head = (line: string) => string;

const DEVICE_COLUMNS: readonly Column[] = [
  { title: 'Device' },
  { title: 'Operators' },
  { title: 'MACs', align: 'right' },
  { title: 'ps/MAC', align: 'right' },
  { title: 'GFLOP/s', align: 'right' },
  { title: 'Spread', align: 'right' },
];

/** γ of every device by operator kind and size: one line for each point. A multiply-accumulate is two operations. */
export function gammaTable(devices: readonly MeasuredDevice[], head: Head): string {
  const rows = devices.flatMap(({ id, compute }) => {
    const points = WORK_KINDS.flatMap((kind) =>
      (compute.secondsPerMac[kind] ?? []).map((point) => ({ kind: kind as string, ...point })),
    );
    const { paper } = compute.measured ?? {};
    const all = paper ? [...points, { kind: "conv3x3, the paper's way", ...paper }] : points;
    return all.map(({ kind, macs, secondsPerMac, spread }, at) => [
      at === 0 ? id : '',
      kind,
      countText(macs),
      (secondsPerMac * 1e12).toPrecision(3),
      (2e-9 / secondsPerMac).toPrecision(3),
      spreadText(spread),
    ]);
  });
  return table(DEVICE_COLUMNS, rows, head);
}

const COST_COLUMNS: readonly Column[] = [
  { title: 'Device' },
  { title: 'Memory GB/s', align: 'right' },
  { title: 'Pool', align: 'right' },
  { title: 'Add', align: 'right' },
  { title: 'Copy GB/s', align: 'right' },
  { title: 'Run us', align: 'right' },
  { title: 'Message us', align: 'right' },
  { title: 'Spread', align: 'right' },
  { title: 'Took' },
];

/** What is not arithmetic. */
export function costTable(devices: readonly MeasuredDevice[], head: Head): string {
  const perSecond = (rate: number | undefined) => (rate === undefined ? '-' : (1e-9 / rate).toPrecision(3));
  const micro = (seconds: number | undefined) =>
    seconds === undefined ? '-' : (1e6 * seconds).toPrecision(3);
  const rows = devices.map(({ id, compute }) => {
    const { measured, secondsPerByteOf = {} } = compute;
    const spreads = measured && [
      measured.secondsPerByte,
      measured.secondsPerRun,
      measured.copySecondsPerByte,
    ];
    return [
      id,
      perSecond(compute.secondsPerByte),
      perSecond(secondsPerByteOf.pool),
      perSecond(secondsPerByteOf.elementwise),
      perSecond(compute.copySecondsPerByte),
      micro(compute.secondsPerRun),
      micro(compute.secondsPerMessage),
      spreadText(spreads && median(spreads)),
      measured ? `${(measured.tookMs / 1000).toFixed(1)} s` : 'assumed',
    ];
  });
  return table(COST_COLUMNS, rows, head);
}

const LINK_COLUMNS: readonly Column[] = [
  { title: 'Link' },
  { title: 'Alpha ms', align: 'right' },
  { title: 'To Mbit/s', align: 'right' },
  { title: 'From Mbit/s', align: 'right' },
  { title: 'Spread', align: 'right' },
  { title: 'Busy to', align: 'right' },
  { title: 'Busy from', align: 'right' },
  { title: 'Wake ms', align: 'right' },
  { title: '' },
];

export function linkTable({ agents, broker }: MeasuredFleet, head: Head): string {
  const master = broker.kind === 'external' ? [{ id: 'master', link: broker.masterLink }] : [];
  const links = [...master, ...agents].flatMap(({ id, link }) => (link ? [{ id, link }] : []));
  const rows = links.map(({ id, link }) => {
    const to: MeasuredWay = link.toAgent;
    const from: MeasuredWay = link.fromAgent;
    const busy = 'busy' in link ? link.busy : undefined;
    const spread =
      to.spread === undefined || from.spread === undefined ? undefined : (to.spread + from.spread) / 2;
    return [
      id,
      (500 * (to.alpha + from.alpha)).toPrecision(3),
      megabits(to),
      megabits(from),
      spreadText(spread),
      megabits(busy?.toAgent),
      megabits(busy?.fromAgent),
      link.wakeSeconds === undefined ? '-' : (1000 * link.wakeSeconds).toFixed(1),
      spread === undefined ? 'assumed' : '',
    ];
  });
  return table(LINK_COLUMNS, rows, head);
}

/** What all links share, in words. */
export function sharedText({ masterPort, sharedMedium }: MeasuredFleet): string {
  const rate = (beta: number) => `${megabits({ alpha: 0, beta })} Mbit/s`;
  if (sharedMedium) return `All links share a medium of ${rate(sharedMedium.beta)}.`;
  if (!masterPort) return 'The links do not disturb one another, as far as was seen.';
  return `All links share the master's own: ${rate(masterPort.betaOut)} out, ${rate(masterPort.betaIn)} in.`;
}

function megabits(way: MeasuredWay | undefined): string {
  if (way === undefined) return '-';
  return way.beta > 0 ? (8e-6 / way.beta).toPrecision(3) : 'no limit';
}

function spreadText(spread: number | undefined): string {
  return spread === undefined || Number.isNaN(spread) ? '-' : `${Math.round(100 * spread)} %`;
}
