import type { SweptLayer } from '../layers.ts';
import type { SweptOutcome, SweptRun } from '../sweep.ts';
import { paintOf } from './palette.ts';
import { drawing, hint, line, tag, text } from './svg.ts';
import { timeText } from './texts.ts';

const NAMES = 190;
const WIDTH = 930;
const TOP = 56;
const GAP = 14;

/**
 * Which scheme a plan takes for each layer, and over how many workers: a row for each layer, a column for each n, a block
 * of columns for each link. Layers that one stage fuses are one field.
 */
export function decisionsPlot(
  layers: readonly SweptLayer[],
  links: readonly string[],
  runs: readonly SweptRun[],
): string {
  const row = layers.length <= 30 ? 18 : layers.length <= 64 ? 14 : 11;
  const columns = runs.length / links.length;
  const pitch = Math.min(44, (WIDTH - NAMES - GAP * links.length) / runs.length);
  const height = TOP + row * layers.length + 10;
  const rows = layers.map((layer, at) => {
    const y = TOP + (at + 0.5) * row;
    const what = hint(`${layer.name}: ${layer.op}, output ${layer.output.join(' x ')}`);
    return `<g>${what}${text(NAMES - 10, y + 3.5, shortened(layer.name), { class: row < 14 ? 'tiny end' : 'tick end' })}</g>`;
  });
  const blocks = links.map((link, at) => {
    const x0 = NAMES + at * (columns * pitch + GAP);
    const own = runs.filter((run) => run.link === link);
    const head = text(x0 + (columns * pitch) / 2, 16, link, { class: 'panel mid' });
    const rule = line(x0 + 2, 24, x0 + columns * pitch - 2, 24, 'rule');
    const cells = own.map((run, index) => oneColumn(run, x0 + index * pitch, pitch, row));
    return [head, rule, ...cells].join('');
  });
  const axis = text(NAMES - 10, 44, 'n', { class: 'axis end' });
  const width = NAMES + links.length * (columns * pitch + GAP);
  const label = 'Scheme and number of workers of each layer, over the number of agents and the links';
  return drawing(width, height, label, axis, ...rows, ...blocks);
}

function oneColumn({ agents, outcome }: SweptRun, x: number, pitch: number, row: number): string {
  const small = pitch < 22 ? 'tiny' : 'tick';
  const head =
    pitch < 12 && agents % 8 !== 0 ? '' : text(x + pitch / 2, 44, String(agents), { class: `${small} mid` });
  return outcome
    ? head +
        fieldsOf(outcome)
          .map((field) => drawnField(outcome, field, x, pitch, row))
          .join('')
    : head;
}

interface Field {
  readonly stage: number;
  readonly from: number;
  readonly to: number;
}

/** Neighbouring layers of one stage. */
function fieldsOf({ stageOfLayer }: SweptOutcome): Field[] {
  const fields: Field[] = [];
  stageOfLayer.forEach((stage, at) => {
    const last = fields.at(-1);
    if (last?.stage === stage) fields[fields.length - 1] = { ...last, to: at + 1 };
    else fields.push({ stage, from: at, to: at + 1 });
  });
  return fields;
}

function drawnField(
  { stages }: SweptOutcome,
  { stage, from, to }: Field,
  x: number,
  pitch: number,
  row: number,
): string {
  const { name, scheme, workers, simulatedMs } = stages[stage]!;
  const y = TOP + from * row;
  const height = (to - from) * row;
  const many = `${to - from} ${to - from === 1 ? 'layer' : 'layers'}`;
  const what = hint(
    `${name} (${many}): ${scheme}, ${workers} ${workers === 1 ? 'worker' : 'workers'}, ${timeText(simulatedMs)}`,
  );
  const field = tag(
    'rect',
    {
      class: `field ${paintOf('scheme', scheme)}`,
      x: x + 0.75,
      y: y + 0.5,
      width: pitch - 1.5,
      height: height - 1,
    },
    what,
  );
  if (scheme === 'local' || pitch < 12) return field;
  const count = text(x + pitch / 2, y + height / 2 + (row < 14 ? 3 : 4), String(workers), {
    class: `count mid${row < 14 ? ' tiny' : ''}`,
  });
  return field + count;
}

/** The end of a name tells more than its beginning. */
function shortened(name: string): string {
  return name.length <= 28 ? name : `…${name.slice(-27)}`;
}
