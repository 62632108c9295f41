/** Just enough to write SVG and HTML as text: numbers are rounded, texts are escaped, attributes that are undefined left out. */

type Attributes = Readonly<Record<string, string | number | undefined>>;

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

export function rounded(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** An element; `children` are markup. */
export function tag(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const list = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : ` ${key}="${typeof value === 'number' ? rounded(value) : escaped(value)}"`,
  );
  const inside = children.join('');
  return inside === '' ? `<${name}${list.join('')}/>` : `<${name}${list.join('')}>${inside}</${name}>`;
}

export function text(x: number, y: number, content: string, attributes: Attributes = {}): string {
  return tag('text', { x, y, ...attributes }, escaped(content));
}

export function line(x1: number, y1: number, x2: number, y2: number, kind: string): string {
  return `<path class="${kind}" d="M${rounded(x1)} ${rounded(y1)}L${rounded(x2)} ${rounded(y2)}"/>`;
}

/** What a pointer that rests on the element shows. */
export function hint(content: string): string {
  return `<title>${escaped(content)}</title>`;
}

/** A drawing that takes the width of the page, and says to those who do not see it what it shows. */
export function drawing(
  width: number,
  height: number,
  label: string,
  ...children: readonly string[]
): string {
  const viewBox = `0 0 ${rounded(width)} ${rounded(height)}`;
  const style = `max-width:${rounded(width)}px;min-width:${rounded(Math.min(640, width))}px`;
  const svg = tag('svg', { viewBox, role: 'img', 'aria-label': label, style }, ...children);
  return `<div class="plot">${svg}</div>`;
}

const SIDE = 3.6;
/** Marks that can be told apart without their colours. */
const SHAPES: readonly ((x: number, y: number) => string)[] = [
  (x, y) => tag('circle', { class: 'mark', cx: x, cy: y, r: SIDE }),
  (x, y) => polygon(x, y, [-1, -1, 1, -1, 1, 1, -1, 1], 0.85),
  (x, y) => polygon(x, y, [0, -1.1, 1.1, 0.9, -1.1, 0.9]),
  (x, y) => polygon(x, y, [0, -1.3, 1.3, 0, 0, 1.3, -1.3, 0]),
  (x, y) => polygon(x, y, [0, 1.1, 1.1, -0.9, -1.1, -0.9]),
];

export function mark(shape: number, x: number, y: number): string {
  return SHAPES[shape % SHAPES.length]!(x, y);
}

function polygon(x: number, y: number, corners: readonly number[], scale = 1): string {
  const points = corners.map((each, at) => rounded((at % 2 === 0 ? x : y) + each * SIDE * scale));
  return `<path class="mark" d="M${points[0]} ${points[1]}L${points.slice(2).join(' ')}Z"/>`;
}
