import type { TfjsContext } from '../context.ts';
import { fieldOf, isRecord, type Json } from '../json.ts';
import { dimensionsOf } from './attributes.ts';
import { type Endpoint, endpointOf, type TfNode } from './nodes.ts';

/** An input or output of the model under the name that its user knows. */
export interface Port {
  readonly name: string;
  readonly endpoint: Endpoint;
  /** As the signature has it; undefined where it does not say. */
  readonly dimensions?: (number | undefined)[] | undefined;
}

export interface Signature {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/**
 * The model's inputs and outputs: those of its signature under their keys there, or else all placeholders and all nodes
 * that nothing reads.
 */
export function signatureOf(json: Json, nodes: ReadonlyMap<string, TfNode>, context: TfjsContext): Signature {
  const metadata = fieldOf(json, 'userDefinedMetadata');
  const written =
    fieldOf(json, 'signature') ?? (isRecord(metadata) ? fieldOf(metadata, 'signature') : undefined);
  const signature = isRecord(written) ? written : {};
  const named = (side: 'inputs' | 'outputs') => portsOf(signature[side], side, nodes, context);
  const inputs = named('inputs');
  const outputs = named('outputs');
  const of = (node: TfNode): Port => ({ name: node.name, endpoint: { node: node.name, output: 0 } });
  const all = [...nodes.values()];
  const read = new Set(all.flatMap((node) => node.inputs.map((input) => input.node)));
  const ends = all.filter(
    ({ name, op }) => !read.has(name) && !['Const', 'NoOp', 'Placeholder'].includes(op),
  );
  const signed = {
    inputs: inputs.length > 0 ? inputs : all.filter(({ op }) => op === 'Placeholder').map(of),
    outputs: outputs.length > 0 ? outputs : ends.map(of),
  };
  if (signed.outputs.length === 0) throw context.malformed('it has no output');
  return signed;
}

function portsOf(
  written: unknown,
  side: string,
  nodes: ReadonlyMap<string, TfNode>,
  context: TfjsContext,
): Port[] {
  if (!isRecord(written)) return [];
  return Object.entries(written).map(([key, info]) => {
    const { name, tensorShape } = isRecord(info) ? info : {};
    const endpoint = endpointOf(typeof name === 'string' ? name : key);
    if (!nodes.has(endpoint.node)) {
      throw context.malformed(
        `its signature has among the ${side} ${key}, a node ${endpoint.node} that is not there`,
      );
    }
    return { name: key, endpoint, dimensions: dimensionsOf(tensorShape) };
  });
}
