import type { Graph } from '../graph/graph.ts';
import type { TensorType } from '../tensor/tensor.ts';
import type { Layer, Totals } from './layers.ts';
import type { Output } from './output.ts';
import { bytesText, type Column, countText, shapeText, table } from './table.ts';

const COLUMNS: readonly Column[] = [
  { title: 'Layer' },
  { title: 'Operator' },
  { title: 'Input' },
  { title: 'Output' },
  { title: 'MACs', align: 'right' },
  { title: 'Filters', align: 'right' },
  { title: 'Depth', align: 'right' },
  { title: 'Schemes that fit' },
];

/** One line per layer, with the schemes that can cut it. */
export function layerTable(output: Output, layers: readonly Layer[]): string {
  return table(COLUMNS, layers.map(rowOf), (line) => output.style('bold', line));
}

export interface NamedType extends TensorType {
  readonly name: string;
}

export function namedTypes(graph: Graph, tensors: readonly string[]): NamedType[] {
  return tensors.map((name) => ({ name, ...graph.types.get(name)! }));
}

export interface Ends {
  readonly inputs: readonly NamedType[];
  readonly outputs: readonly NamedType[];
}

export function endsText({ inputs, outputs }: Ends): string {
  return [
    ...inputs.map(({ name, dtype, shape }) => `Input   ${name}: ${dtype} ${shapeText(shape)}`),
    ...outputs.map(({ name, dtype, shape }) => `Output  ${name}: ${dtype} ${shapeText(shape)}`),
  ].join('\n');
}

export function totalsText({ layers, macs, filterBytes }: Totals): string {
  return `Total   ${layers} layers, ${countText(macs)} MACs, ${bytesText(filterBytes)} of filters`;
}

function rowOf({ name, op, inputs, output, macs, filterBytes, depth, schemes }: Layer): string[] {
  return [
    ...[name, op, inputs.map(shapeText).join(' '), output ? shapeText(output) : '?'],
    macs === 0 ? '' : countText(macs),
    filterBytes === 0 ? '' : bytesText(filterBytes),
    depth ? `${depth.input} > ${depth.output}` : '',
    schemes.join(', '),
  ];
}
