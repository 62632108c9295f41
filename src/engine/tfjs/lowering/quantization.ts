import { axisOf, numberOf } from '../../../graph/attributes.ts';
import { dequantizedConstant } from '../../../graph/folding/dequantized.ts';
import { QUANTIZED_BOUNDS } from '../../../graph/folding/quantized.ts';
import { sizeOf } from '../../../tensor/region.ts';
import type { TensorId } from '../program.ts';
import { type NodeView, need, output, type Rule, type Rules } from './rule.ts';
import { Unsupported } from './unsupported.ts';
import { deviceType, needFloat, type Value } from './value.ts';

/** A scale or zero point as floats: one number, or one per element of the axis. */
function along({ emit, node }: NodeView, value: Value, parameter: Value): TensorId {
  if (numberOf(node, 'block_size', 0) > 0) throw new Unsupported('it is scaled in blocks');
  const { shape } = value.type;
  const size = sizeOf(parameter.type.shape);
  const axis = size === 1 ? 0 : axisOf(numberOf(node, 'axis', 1), shape.length);
  const laid = size === 1 ? [] : shape.map((_, at) => (at === axis ? size : 1));
  const x = emit.reshape(emit.first(parameter), laid);
  return deviceType(parameter.type.dtype) === 'float32' ? x : emit.emit('Cast', { x }, { dtype: 'float32' });
}

/**
 * (x - zero point) * scale. Of constants it is computed once, when the program is written: TensorFlow.js has no kernels
 * that take filters as they are stored.
 */
const dequantize: Rule = (view) => {
  const { emit, context } = view;
  const [value, scale] = [need(view, 0), need(view, 1)];
  const zero = view.inputs[2];
  needFloat(scale);
  const constant = dequantizedConstant(view.node, context.constant);
  if (constant) return [{ type: view.outputs[0]!, constant, forms: {} }];
  deviceType(value.type.dtype);
  const x = emit.emit('Cast', { x: emit.first(value) }, { dtype: 'float32' });
  const centred = zero ? emit.emit('Sub', { a: x, b: along(view, value, zero) }) : x;
  return [output(view, emit.emit('Multiply', { a: centred, b: along(view, value, scale) }))];
};

/** x / scale, rounded half to even, + zero point, held within the type's bounds */
const quantize: Rule = (view) => {
  const { emit } = view;
  const [value, scale] = [need(view, 0), need(view, 1)];
  const zero = view.inputs[2];
  needFloat(value, scale);
  const { dtype } = view.outputs[0]!;
  const bounds = QUANTIZED_BOUNDS[dtype];
  if (!bounds) throw new Unsupported(`float32 is not quantised to ${dtype}`);
  const ratio = emit.emit('RealDiv', { a: emit.first(value), b: along(view, value, scale) });
  const steps = emit.emit('Round', { x: ratio });
  const moved = zero ? emit.emit('Add', { a: steps, b: along(view, value, zero) }) : steps;
  const above = emit.emit('Maximum', { a: moved, b: emit.scalar(bounds[0]) });
  const within = emit.emit('Minimum', { a: above, b: emit.scalar(bounds[1]) });
  return [output(view, emit.emit('Cast', { x: within }, { dtype: 'int32' }))];
};

export const QUANTIZATION: Rules = { DequantizeLinear: dequantize, QuantizeLinear: quantize };
