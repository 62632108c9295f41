import { type Family, numberOfStrategy, paintOf } from './palette.ts';
import { escaped, mark, tag } from './svg.ts';

export interface LegendEntry {
  readonly name: string;
  /** Of its colour, where that is not the name. */
  readonly paint?: string | number;
  readonly means?: string;
}

/** Names with their colours; of strategies with their marks, too. */
export function legend(family: Family, entries: readonly LegendEntry[]): string {
  const items = entries.map(({ name, paint = name, means }) => {
    const swatch =
      family === 'strategy'
        ? tag('svg', { class: 'sign', viewBox: '0 0 12 12' }, mark(numberOfStrategy(name), 6, 6))
        : '<i></i>';
    const said = means ? ` <small>${escaped(means)}</small>` : '';
    return `<li class="${paintOf(family, paint)}">${swatch}<b>${escaped(name)}</b>${said}</li>`;
  });
  return `<ul class="legend">${items.join('')}</ul>`;
}

export const STRATEGY_MEANS: Readonly<Record<string, string>> = {
  auto: 'every scheme, the best plan found',
  local: 'the master alone',
  depth: 'every layer by output depth over all agents',
  paper: 'where S_max and the channel rule say so',
  rows: 'layer by layer, strips of rows',
  grid: 'layer by layer, rows, columns or blocks',
  modnn: 'layer by layer, strips along the shorter edge',
  deepthings: 'the first layers fused, in blocks',
  iop: 'pairs of output and input depth',
  replica: 'the whole model on one agent',
};

export const TERM_NAMES: Readonly<Record<string, string>> = {
  local: 'master alone',
  partition: 'T_part',
  transmit: 'T_tx',
  edge: 'T_edge',
  receive: 'T_rx',
  join: 'T_join',
  retry: 'lost',
};
