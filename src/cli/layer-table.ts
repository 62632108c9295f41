import type { Graph } from '../graph/graph.ts';
import type { Shape } from '../tensor/region.ts';
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

/** An input or output of a model. An output that has another shape in every run has neither type nor shape. */
export interface NamedType {
  readonly name: string;
  readonly dtype: TensorType['dtype'] | null;
  readonly shape: Shape | null;
}

export function namedTypes(graph: Graph, tensors: readonly string[]): NamedType[] {
  return tensors.map((name) => ({ name, dtype: null, shape: null, ...graph.types.get(name) }));
}

export interface Ends {
  readonly inputs: readonly NamedType[];
  readonly outputs: readonly NamedType[];
}

export function endsText({ inputs, outputs }: Ends): string {
  return [
    ...inputs.map((type) => `Input   ${namedText(type)}`),
    ...outputs.map((type) => `Output  ${namedText(type)}`),
  ].join('\n');
}

function namedText({ name, dtype, shape }: NamedType): string {
  return `${name}: ${shape ? `${dtype} ${shapeText(shape)}` : 'a shape that only a run tells'}`;
}

export function totalsText({ layers, macs, filterBytes }: Totals): string {
  return `Total   ${layers} layers, ${countText(macs)} MACs, ${bytesText(filterBytes)} of filters`;
}

function maybeShape(shape: Shape | null): string {
  return shape ? shapeText(shape) : '?';
}

function rowOf({ name, op, inputs, output, macs, filterBytes, depth, schemes }: Layer): string[] {
  return [
    ...[name, op, inputs.map(maybeShape).join(' '), maybeShape(output)],
    macs === 0 ? '' : countText(macs),
    filterBytes === 0 ? '' : bytesText(filterBytes),
    depth ? `${depth.input} > ${depth.output}` : '',
    schemes.join(', '),
  ];
}
