/** A colour on white, and one on black. */
type Paint = readonly [light: string, dark: string];

const STRATEGIES: Readonly<Record<string, Paint>> = {
  auto: ['#d6336c', '#faa2c1'],
  local: ['#495057', '#ced4da'],
  depth: ['#1864ab', '#74c0fc'],
  paper: ['#7048e8', '#b197fc'],
  rows: ['#2b8a3e', '#8ce99a'],
  grid: ['#5c940d', '#c0eb75'],
  modnn: ['#d9480f', '#ffa94d'],
  deepthings: ['#b8860b', '#ffd43b'],
  iop: ['#0b7285', '#66d9e8'],
  replica: ['#845c3c', '#d9b38c'],
};

const SCHEMES: Readonly<Record<string, Paint>> = {
  local: ['#dee2e6', '#3a4149'],
  'input-depth': ['#74c0fc', '#1971c2'],
  'output-depth': ['#a5d8ff', '#2f5f8f'],
  'depth-grid': ['#b197fc', '#6741d9'],
  'depth-chain': ['#91a7ff', '#3b5bdb'],
  rows: ['#8ce99a', '#2b8a3e'],
  'rows-exchange': ['#38d9a9', '#0b6b4c'],
  columns: ['#c0eb75', '#5c940d'],
  tiles: ['#63e6be', '#087f5b'],
  branches: ['#ffc078', '#b35c00'],
  replica: ['#ffe066', '#8a6d00'],
};

const TERMS: Readonly<Record<string, Paint>> = {
  local: ['#ced4da', '#545c64'],
  partition: ['#eebefa', '#9c36b5'],
  transmit: ['#4dabf7', '#1c7ed6'],
  edge: ['#ffd43b', '#c28f00'],
  receive: ['#3bc9db', '#0c8599'],
  join: ['#ffa8a8', '#c92a2a'],
  retry: ['#343a40', '#f8f9fa'],
};

/** Links from slow to fast, in the order in which they are given. */
const LINKS: readonly Paint[] = [
  ['#d9480f', '#ffa94d'],
  ['#b8860b', '#ffd43b'],
  ['#0b7285', '#66d9e8'],
  ['#5f3dc4', '#b197fc'],
  ['#2b8a3e', '#8ce99a'],
  ['#c2255c', '#faa2c1'],
];

export type Family = 'strategy' | 'scheme' | 'term' | 'link';

const FAMILIES: Readonly<Record<Exclude<Family, 'link'>, Readonly<Record<string, Paint>>>> = {
  strategy: STRATEGIES,
  scheme: SCHEMES,
  term: TERMS,
};

/** The class that gives an element its colour, as `--paint`. */
export function paintOf(family: Family, name: string | number): string {
  if (typeof name === 'number') return `link-${name % LINKS.length}`;
  return Object.hasOwn(FAMILIES[family as 'strategy'], name) ? `${family}-${name}` : `${family}-other`;
}

/** The number of a strategy: of its mark. */
export function numberOfStrategy(name: string): number {
  return Math.max(0, Object.keys(STRATEGIES).indexOf(name));
}

export function paintRules(): string {
  const all = [
    ...Object.entries(FAMILIES).flatMap(([family, paints]) =>
      Object.entries(paints).map(([name, paint]): [string, Paint] => [`${family}-${name}`, paint]),
    ),
    ...LINKS.map((paint, at): [string, Paint] => [`link-${at}`, paint]),
  ];
  const rules = (shade: 0 | 1) => all.map(([name, paint]) => `.${name}{--paint:${paint[shade]}}`).join('');
  return `${rules(0)}@media (prefers-color-scheme:dark){${rules(1)}}`;
}
