import type { Layer, Totals } from '../layers.ts';
import { bytesText, countText } from '../table.ts';

/** What the planner can cut, and what it cannot. */
export interface Distribution {
  /** Layers with filters that can be cut by depth. */
  readonly depth: Totals;
  /** Layers that fit no scheme but `replica`: they stay at the master, or whole on one agent. */
  readonly local: readonly { readonly op: string; readonly layers: number }[];
}

export function distributionOf(layers: readonly Layer[]): Distribution {
  const deep = layers.filter(({ schemes }) => schemes.some((scheme) => scheme.endsWith('-depth')));
  const sum = (field: 'macs' | 'filterBytes') => deep.reduce((total, layer) => total + layer[field], 0);
  const local = new Map<string, number>();
  for (const { op, schemes } of layers) {
    if (schemes.every((scheme) => scheme === 'replica')) local.set(op, (local.get(op) ?? 0) + 1);
  }
  return {
    depth: { layers: deep.length, macs: sum('macs'), filterBytes: sum('filterBytes') },
    local: [...local].map(([op, count]) => ({ op, layers: count })),
  };
}

export function distributionText({ depth, local }: Distribution, totals: Totals): string {
  const share = (part: number, whole: number) => `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;
  const cut =
    depth.layers === 0
      ? 'no layer can be cut by depth'
      : `${depth.layers} layers can be cut by depth: ${share(depth.macs, totals.macs)} of ${countText(totals.macs)} MACs, ` +
        `${share(depth.filterBytes, totals.filterBytes)} of ${bytesText(totals.filterBytes)} of filters`;
  const whole = local.map(({ op, layers }) => (layers === 1 ? op : `${layers} ${op}`)).join(', ');
  return [
    `Cut     ${cut}`,
    ...(whole ? [`Whole   ${whole}: they stay at the master, or on one agent`] : []),
  ].join('\n');
}
