import type { ModelInfo } from '../wire/messages/status.ts';
import type { Output } from './output.ts';
import { type Column, shapeText, table } from './table.ts';

const COLUMNS: readonly Column[] = [
  { title: 'Model' },
  { title: 'State' },
  { title: 'Version' },
  { title: 'Next' },
  { title: 'Agents', align: 'right' },
  { title: 'Input' },
];

/** What a master serves, and below it what keeps it from serving more. */
export function statesText(output: Output, infos: readonly ModelInfo[]): string {
  const rows = infos.map(({ model, state = '', version = '', next = '', agents, inputs }) => [
    ...[model, state, version, next, agents === undefined ? '' : String(agents)],
    inputs.map(({ shape }) => shapeText(shape)).join(' '),
  ]);
  return [
    table(COLUMNS, rows, (line) => output.style('bold', line)),
    ...infos.flatMap(problemsOf).map((line) => `\n${line}`),
  ].join('\n');
}

function problemsOf({ model, error, refused = [], leftOut = [] }: ModelInfo): string[] {
  const told = refused.map(({ error: { message } }) => message);
  return [
    ...refused.map(
      ({ version, error: { code, message, cure } }) =>
        `${model}, version ${version}, is refused until its files change.\n${code}: ${message}\n${cure}`,
    ),
    ...(error && !told.includes(error.message)
      ? [`${model}\n${error.code}: ${error.message}\n${error.cure}`]
      : []),
    ...leftOut.map(
      ({ agent, error: { code, message } }) =>
        `${model} is planned without ${agent} for a while.\n${code}: ${message}`,
    ),
  ];
}
