import { numberOfStrategy, paintOf } from './palette.ts';
import { doublings, fromZero, type Scale, spread } from './scale.ts';
import { drawing, hint, line, mark, rounded, tag, text } from './svg.ts';
import { doublingText } from './texts.ts';

export interface Series {
  readonly strategy: string;
  /** One for each n; undefined where there is none. */
  readonly values: readonly (number | undefined)[];
}

export interface LinePanels {
  /** What it shows, for those who do not see it. */
  readonly label: string;
  /** Of the vertical axis. */
  readonly unit: string;
  readonly agents: readonly number[];
  readonly panels: readonly { readonly title: string; readonly series: readonly Series[] }[];
  /** Doublings, with a line at 1, for ratios; from zero otherwise. */
  readonly ratio: boolean;
  show(value: number): string;
}

const PLOT = { width: 322, height: 230, left: 60, right: 84, top: 34, bottom: 44 };
const PANEL = {
  width: PLOT.left + PLOT.width + PLOT.right,
  height: PLOT.top + PLOT.height + PLOT.bottom,
};
/** Ratios below this are drawn at the edge: how bad does not matter any more. */
const LEAST_RATIO = 1 / 32;

/** One panel for each link, side by side, with one vertical scale for all. */
export function linePanels(plot: LinePanels): string {
  const { panels, label } = plot;
  const columns = Math.min(2, panels.length);
  const values = panels.flatMap(({ series }) => series.flatMap((each) => each.values)).filter(isNumber);
  const bottom = PLOT.top + PLOT.height;
  const y = plot.ratio
    ? doublings(Math.max(LEAST_RATIO, Math.min(0.5, ...values)), Math.max(2, ...values), bottom, PLOT.top)
    : fromZero(Math.max(...values), bottom, PLOT.top);
  const drawn = panels.map((panel, at) => {
    const [x0, y0] = [(at % columns) * PANEL.width, Math.floor(at / columns) * PANEL.height];
    return tag('g', { transform: `translate(${x0} ${y0})` }, onePanel(plot, panel, y));
  });
  const rows = Math.ceil(panels.length / columns);
  return drawing(columns * PANEL.width, rows * PANEL.height, label, ...drawn);
}

function onePanel(plot: LinePanels, { title, series }: LinePanels['panels'][number], y: Scale): string {
  const { agents, ratio, unit, show } = plot;
  const right = PLOT.left + PLOT.width;
  const bottom = PLOT.top + PLOT.height;
  const [fewest, most] = [agents[0]!, agents.at(-1)!];
  const [low, high] = fewest === most ? [fewest / 2, 2 * most] : [fewest, most];
  const x = doublings(low, high, PLOT.left + 8, right - 8);
  const grid = y.ticks.flatMap((tick) => [
    line(PLOT.left, y.at(tick), right, y.at(tick), ratio && tick === 1 ? 'one' : 'grid'),
    text(PLOT.left - 8, y.at(tick) + 4, ratio ? doublingText(tick) : show(tick), { class: 'tick end' }),
  ]);
  const marks = thinned(agents, (n) => x.at(n)).map((n) =>
    text(x.at(n), bottom + 18, String(n), { class: 'tick mid' }),
  );
  const drawn = series.map((each) => oneSeries(each, plot, x, y));
  return [
    text(PLOT.left, 18, title, { class: 'panel' }),
    ...grid,
    ...marks,
    text(PLOT.left + PLOT.width / 2, bottom + 36, 'agents (n), besides the master', { class: 'axis mid' }),
    tag(
      'text',
      { class: 'axis mid', transform: `translate(12 ${rounded((PLOT.top + bottom) / 2)})rotate(-90)` },
      unit,
    ),
    ...drawn,
    ...endLabels(series, right, y),
  ].join('');
}

function oneSeries({ strategy, values }: Series, { agents, show }: LinePanels, x: Scale, y: Scale): string {
  const points = agents.flatMap((n, at) => {
    const value = values[at];
    return value === undefined ? [] : [{ n, value, px: x.at(n), py: y.at(value) }];
  });
  const path = points.map(({ px, py }) => `${rounded(px)} ${rounded(py)}`).join('L');
  const shape = numberOfStrategy(strategy);
  const dots = points.map(({ n, value, px, py }) => {
    const what = hint(`${strategy}, n = ${n}: ${show(value)}`);
    return `<g>${what}${mark(shape, px, py)}</g>`;
  });
  return tag(
    'g',
    { class: `${paintOf('strategy', strategy)}${strategy === 'auto' ? ' strong' : ''}` },
    points.length > 1 ? `<path class="line" d="M${path}"/>` : '',
    ...dots,
  );
}

/** Names at the ends of the lines, moved apart, each with a thread to its line. */
function endLabels(series: readonly Series[], right: number, y: Scale): string[] {
  const ends = series.flatMap(({ strategy, values }) => {
    const last = values.at(-1);
    return last === undefined ? [] : [{ strategy, at: y.at(last) }];
  });
  const places = spread(
    ends.map(({ at }) => at),
    13,
    PLOT.top + 2,
    PLOT.top + PLOT.height + 6,
  );
  return ends.map(({ strategy, at }, index) => {
    const place = places[index]!;
    const thread = `M${rounded(right - 2)} ${rounded(at)}L${rounded(right + 10)} ${rounded(place)}`;
    return tag(
      'g',
      { class: `${paintOf('strategy', strategy)}${strategy === 'auto' ? ' strong' : ''}` },
      `<path class="thread" d="${thread}"/>`,
      text(right + 13, place + 4, strategy, { class: 'name' }),
    );
  });
}

/** Marks of an axis that would lie on one another are left out. */
export function thinned(values: readonly number[], at: (value: number) => number, gap = 18): number[] {
  const kept: number[] = [];
  for (const value of values.toReversed()) {
    if (kept.length === 0 || at(kept[0]!) - at(value) >= gap) kept.unshift(value);
  }
  return kept;
}

export const isNumber = (value: number | undefined | null): value is number =>
  value !== undefined && value !== null;
