import { DATA_TYPE } from '../../../graph/data-types.ts';
import type { DType } from '../../../tensor/dtype.ts';
import { isDType } from '../../../tensor/dtype.ts';
import { closedShape } from '../../open-dimensions.ts';
import { LIMITS, type TfjsContext } from '../context.ts';
import { fieldOf, isRecord, type Json, shown } from '../json.ts';
import { Value } from './value.ts';
import type { GraphWriter } from './writer.ts';

/**
 * A graph input for an InputLayer, in the layout and shape that the model gives it. An open batch is 1; other open
 * dimensions are closed by `override`. Throws ISO_ERR_MODEL_DYNAMIC_SHAPE and ISO_ERR_INPUT_MISMATCH.
 */
export function inputValue(
  name: string,
  config: Json,
  override: readonly number[] | undefined,
  graph: GraphWriter,
  context: TfjsContext,
): Value {
  const dimensions = dimensionsOf(
    fieldOf(config, 'batch_input_shape') ?? fieldOf(config, 'batch_shape'),
    name,
    context,
  );
  const dtype = dtypeOf(fieldOf(config, 'dtype'), name, context);
  const tensor = graph.input(name, { dtype, shape: closedShape(name, dimensions, override) });
  if (dtype === 'float32') return Value.plain(graph, tensor);
  return Value.plain(graph, graph.node(`${name}/float32`, 'Cast', [tensor], { to: DATA_TYPE.float32 }));
}

function dimensionsOf(json: unknown, name: string, context: TfjsContext): (number | undefined)[] | undefined {
  if (json === undefined || json === null) return undefined;
  const valid =
    Array.isArray(json) &&
    json.length > 0 &&
    json.length <= LIMITS.rank &&
    json.every(
      (extent) => extent === null || (Number.isSafeInteger(extent) && extent > 0 && extent <= LIMITS.extent),
    );
  if (!valid) throw context.malformed(`the input ${name} has the shape ${shown(json)}`);
  return json.map((extent) => extent ?? undefined);
}

/** Keras 3 may write a policy. Half and mixed precision are computed in float32, as tfjs does. */
function dtypeOf(json: unknown, name: string, context: TfjsContext): DType {
  const { config } = isRecord(json) ? json : {};
  const word = isRecord(config) ? config['name'] : (json ?? 'float32');
  if (typeof word === 'string' && /float|bfloat/.test(word)) return 'float32';
  if (isDType(word)) return word;
  throw context.unsupported(`the input ${name} has elements of the type ${shown(json)}`);
}
