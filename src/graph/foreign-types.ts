import { numberOf } from './attributes.ts';
import { dtypeOf } from './data-types.ts';
import { type Graph, type Node, writesOf } from './graph.ts';
import { NO_TENSORS } from './operators/open-shapes.ts';

/** Operators that only move elements: what comes out of them is of the type of their first input. */
const MOVES: ReadonlySet<string> = new Set(
  'Identity Reshape Transpose Squeeze Unsqueeze Flatten Slice Gather Split Concat Expand Tile'.split(' '),
);

/**
 * The tensors that the model declares to be of an element type that Isobath does not hold, and the name of that type,
 * as far as the nodes alone tell it. They stay inside a program: no engine is asked for them.
 */
export function foreignTensors({ nodes }: Graph): Map<string, string> {
  const foreign = new Map<string, string>();
  for (const node of nodes) {
    const type = foreignType(node) ?? (MOVES.has(node.op) ? foreign.get(node.inputs[0] ?? '') : undefined);
    if (type !== undefined) for (const name of writesOf(node)) foreign.set(name, type);
  }
  return foreign;
}

/** TensorProto.DataType: names of the types that Isobath does not hold. */
const NAMES: Readonly<Record<number, string>> = {
  8: 'string',
  14: 'complex64',
  15: 'complex128',
  16: 'bfloat16',
  17: 'float8e4m3fn',
  18: 'float8e4m3fnuz',
  19: 'float8e5m2',
  20: 'float8e5m2fnuz',
  21: 'uint4',
  22: 'int4',
  23: 'float4e2m1',
};

/** The attribute that names the element type of the output. */
const NAMED_BY: Readonly<Record<string, string>> = { Cast: 'to', QuantizeLinear: 'output_dtype' };

function foreignType(node: Node): string | undefined {
  if (node.domain === '' && Object.hasOwn(NO_TENSORS, node.op)) {
    return node.op.startsWith('String') ? 'string' : 'not a tensor';
  }
  const attribute = node.domain === '' ? NAMED_BY[node.op] : undefined;
  const number = attribute ? numberOf(node, attribute, 0) : 0;
  return number === 0 || dtypeOf(number) !== undefined ? undefined : (NAMES[number] ?? `number ${number}`);
}
