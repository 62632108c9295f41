import type { SweptOutcome, SweptRun } from '../sweep.ts';
import { TERM_NAMES } from './legend.ts';
import { paintOf } from './palette.ts';
import { drawing, hint, line, tag, text } from './svg.ts';
import { timeText } from './texts.ts';

const PLOT = { width: 400, height: 190, left: 52, right: 14, top: 56, bottom: 44 };
const PANEL = {
  width: PLOT.left + PLOT.width + PLOT.right,
  height: PLOT.top + PLOT.height + PLOT.bottom,
};

/** Simulated or measured. */
export type TermsRun = Pick<SweptRun, 'link' | 'agents'> & {
  readonly outcome?: Pick<SweptOutcome, 'termsMs' | 'simulatedMs'>;
};

/** What the stages of a plan spend their time on: a bar for each n, a panel for each link. */
export function termsPlot(links: readonly string[], runs: readonly TermsRun[]): string {
  const columns = Math.min(2, links.length);
  const panels = links.map((link, at) => {
    const place = `translate(${(at % columns) * PANEL.width} ${Math.floor(at / columns) * PANEL.height})`;
    return tag(
      'g',
      { transform: place },
      onePanel(
        link,
        runs.filter((run) => run.link === link),
      ),
    );
  });
  const rows = Math.ceil(links.length / columns);
  const label = 'Share of the time of all stages that each term takes, over the number of agents';
  return drawing(columns * PANEL.width, rows * PANEL.height, label, ...panels);
}

function onePanel(link: string, runs: readonly TermsRun[]): string {
  const bottom = PLOT.top + PLOT.height;
  const right = PLOT.left + PLOT.width;
  const pitch = PLOT.width / runs.length;
  const grid = [0, 25, 50, 75, 100].flatMap((share) => {
    const y = bottom - (share / 100) * PLOT.height;
    return [
      line(PLOT.left, y, right, y, 'grid'),
      text(PLOT.left - 8, y + 4, `${share} %`, { class: 'tick end' }),
    ];
  });
  const bars = runs.map((run, at) => {
    const middle = PLOT.left + (at + 0.5) * pitch;
    return oneBar(run, middle, Math.min(42, 0.72 * pitch), pitch, bottom);
  });
  const axis = text((PLOT.left + right) / 2, bottom + 36, 'agents (n), besides the master', {
    class: 'axis mid',
  });
  return [text(PLOT.left, 18, link, { class: 'panel' }), ...grid, ...bars, axis].join('');
}

function oneBar(
  { agents, outcome }: TermsRun,
  middle: number,
  width: number,
  pitch: number,
  bottom: number,
): string {
  const crowded = pitch < 17;
  const below =
    crowded && agents % 8 !== 0 && agents !== 1
      ? ''
      : text(middle, bottom + 18, String(agents), { class: 'tick mid' });
  if (!outcome) return below;
  const { termsMs, simulatedMs } = outcome;
  const total = Object.values(termsMs).reduce((sum, ms) => sum + ms, 0);
  let top = bottom;
  const parts = Object.keys(TERM_NAMES).map((term) => {
    const ms = termsMs[term as keyof typeof termsMs];
    const height = total === 0 ? 0 : (ms / total) * PLOT.height;
    top -= height;
    if (height < 0.3) return '';
    const what = hint(
      `n = ${agents}, ${TERM_NAMES[term]}: ${timeText(ms)}, ${Math.round((100 * ms) / total)} %`,
    );
    return tag(
      'rect',
      { class: `fill ${paintOf('term', term)}`, x: middle - width / 2, y: top, width, height },
      what,
    );
  });
  const above = crowded
    ? ''
    : text(middle, PLOT.top - 8, timeText(simulatedMs), { class: `mid ${pitch < 48 ? 'tiny' : 'tick'}` });
  return [...parts, below, above].join('');
}
