import type { Translator } from './layer-call.ts';
import { DATA_FORMATS, Value } from './value.ts';
import { padsOf } from './windows.ts';

/** An average does not count the padding. */
function pooling(op: 'MaxPool' | 'AveragePool', axes: number): Translator {
  return ({ config, graph, name }, input) => {
    if (input.rank !== axes + 2) {
      throw config.malformed(`its input [${input.shape.join(', ')}] has not ${axes + 2} dimensions`);
    }
    const format = config.oneOf('data_format', DATA_FORMATS, 'channels_last');
    const ifm = input.channelsFirst(format);
    const kernel = config.perAxis('pool_size', axes, 1, 2);
    const strides = config.value('strides') === undefined ? kernel : config.perAxis('strides', axes, 1);
    const dilations = kernel.map(() => 1);
    const pads = padsOf(config, graph.shapeOf(ifm).slice(2), { kernel, strides, dilations });
    const made = graph.node(name, op, [ifm], { kernel_shape: kernel, strides, pads });
    return Value.of(graph, made, format);
  };
}

function globalPooling(op: 'GlobalMaxPool' | 'GlobalAveragePool', axes: number): Translator {
  return ({ config, graph, name }, input) => {
    if (input.rank !== axes + 2) {
      throw config.malformed(`its input [${input.shape.join(', ')}] has not ${axes + 2} dimensions`);
    }
    const format = config.oneOf('data_format', DATA_FORMATS, 'channels_last');
    const pooled = graph.node(name, op, [input.channelsFirst(format)]);
    if (config.flag('keepdims', false)) return Value.of(graph, pooled, format);
    return Value.plain(graph, graph.node(`${name}/flat`, 'Flatten', [pooled], { axis: 1 }));
  };
}

export const POOLING_LAYERS: Readonly<Record<string, Translator>> = {
  MaxPooling1D: pooling('MaxPool', 1),
  MaxPooling2D: pooling('MaxPool', 2),
  AveragePooling1D: pooling('AveragePool', 1),
  AveragePooling2D: pooling('AveragePool', 2),
  GlobalMaxPooling1D: globalPooling('GlobalMaxPool', 1),
  GlobalMaxPooling2D: globalPooling('GlobalMaxPool', 2),
  GlobalAveragePooling1D: globalPooling('GlobalAveragePool', 1),
  GlobalAveragePooling2D: globalPooling('GlobalAveragePool', 2),
};
