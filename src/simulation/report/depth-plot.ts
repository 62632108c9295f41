import type { DepthPoint } from '../depth-points.ts';
import { isNumber, thinned } from './line-panels.ts';
import { paintOf } from './palette.ts';
import { decades, doublings, type Scale } from './scale.ts';
import { drawing, hint, line, mark, tag, text } from './svg.ts';
import { figure } from './texts.ts';

const PLOT = { width: 246, height: 260, left: 52, right: 18, top: 34, bottom: 44 };
const PANEL = {
  width: PLOT.left + PLOT.width + PLOT.right,
  height: PLOT.top + PLOT.height + PLOT.bottom,
};
/** Below, it is hopeless; how hopeless does not matter. */
const LEAST = 0.01;

/** Depth against speedup, layer by layer: what the paper's bound says, what it says
 * where a message costs nothing, and what the best depth scheme gives. */
export function depthPlot(points: readonly DepthPoint[], links: readonly string[], agents: number): string {
  const distinct = [...new Map(points.map((point) => [keyOf(point), point])).values()];
  const values = distinct
    .flatMap(({ bound, boundWithoutAlpha, speedup }) => [bound, boundWithoutAlpha, speedup])
    .filter(isNumber);
  const y = decades(
    Math.max(LEAST, Math.min(...values)),
    Math.max(...values),
    PLOT.top + PLOT.height,
    PLOT.top,
  );
  const depths = distinct.map(depthOf);
  const [from, to] = [PLOT.left + 6, PLOT.left + PLOT.width - 6];
  const x = doublings(Math.min(...depths), Math.max(...depths), from, to);
  const panel = (title: string, of: (point: DepthPoint) => number | null, at: number) =>
    tag('g', { transform: `translate(${at * PANEL.width} 0)` }, onePanel(title, distinct, links, of, x, y));
  return drawing(
    3 * PANEL.width,
    PANEL.height,
    'Speedup of single layers against their depth: the bound of the paper, and the best depth scheme',
    panel('S_max, the bound of the paper', ({ bound }) => bound, 0),
    panel('S_max with α = 0', ({ boundWithoutAlpha }) => boundWithoutAlpha, 1),
    panel(
      `Best depth scheme over ${agents} ${agents === 1 ? 'agent' : 'agents'}`,
      ({ speedup }) => speedup,
      2,
    ),
  );
}

/** The harmonic mean of c and f: S_max grows with it. Of layers with c = f it is their depth. */
export function depthOf({ inputDepth: c, outputDepth: f }: DepthPoint): number {
  return (2 * c * f) / (c + f);
}

function onePanel(
  title: string,
  points: readonly DepthPoint[],
  links: readonly string[],
  of: (point: DepthPoint) => number | null,
  x: Scale,
  y: Scale,
): string {
  const right = PLOT.left + PLOT.width;
  const bottom = PLOT.top + PLOT.height;
  const grid = y.ticks.flatMap((tick) => [
    line(PLOT.left, y.at(tick), right, y.at(tick), tick === 1 ? 'one' : 'grid'),
    text(PLOT.left - 8, y.at(tick) + 4, `${tick >= 1 ? tick : tick.toPrecision(1)}×`, { class: 'tick end' }),
  ]);
  const marks = thinned(x.ticks, (tick) => x.at(tick), 30).map((tick) =>
    text(x.at(tick), bottom + 18, String(tick), { class: 'tick mid' }),
  );
  const dots = points.flatMap((point) => {
    const value = of(point);
    if (value === null) return [];
    const { layer, link, inputDepth, outputDepth, planeElements } = point;
    const what = `${layer}, ${link}: ${inputDepth} > ${outputDepth} channels of ${planeElements}: ${figure(value)}×`;
    const family = paintOf('link', links.indexOf(link));
    return [
      `<g class="dot ${family}">${hint(what)}${mark(shapeOf(point), x.at(depthOf(point)), y.at(value))}</g>`,
    ];
  });
  return [
    text(PLOT.left, 18, title, { class: 'panel' }),
    ...grid,
    ...marks,
    text((PLOT.left + right) / 2, bottom + 36, 'depth: harmonic mean of c and f', {
      class: 'axis mid',
    }),
    ...dots,
  ].join('');
}

/** Circles are convolutions with a filter plane, diamonds are 1 x 1, squares fully connected. */
function shapeOf({ kernelArea, planeElements }: DepthPoint): number {
  if (kernelArea > 1) return 0;
  return planeElements > 1 ? 3 : 1;
}

function keyOf({ link, inputDepth, outputDepth, planeElements, kernelArea, speedup }: DepthPoint): string {
  return [link, inputDepth, outputDepth, planeElements, kernelArea, speedup].join();
}
