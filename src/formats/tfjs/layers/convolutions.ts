import { transposed } from '../../../graph/folding/movement.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import { activated } from './activations.ts';
import { UnsupportedLayer } from './config.ts';
import type { LayerCall, Translator } from './layer-call.ts';
import { DATA_FORMATS, type DataFormat, Value } from './value.ts';
import { padsOf, type WindowSettings } from './windows.ts';

type Filters = Tensor<'float32'>;

function dataFormatOf({ config }: LayerCall): DataFormat {
  return config.oneOf('data_format', DATA_FORMATS, 'channels_last');
}

/** [...kernel, in, out], as TensorFlow has filters, to [out, in, ...kernel]. */
export function filtersFirst(filters: Tensor): Filters {
  const rank = filters.shape.length;
  return transposed(filters, [rank - 1, rank - 2, ...filters.shape.keys()].slice(0, rank)) as Filters;
}

/** [...kernel, in, multiplier] to [in * multiplier, 1, ...kernel]: the filters of one input channel side by side. */
function depthwiseFilters(filters: Tensor): Filters {
  const rank = filters.shape.length;
  const moved = transposed(filters, [rank - 2, rank - 1, ...filters.shape.keys()].slice(0, rank)) as Filters;
  const [channels, multiplier, ...kernel] = moved.shape;
  return moved.reshaped([channels! * multiplier!, 1, ...kernel]);
}

function windowSettings({ config }: LayerCall, axes: number): WindowSettings {
  return {
    kernel: config.perAxis('kernel_size', axes, 1),
    strides: config.perAxis('strides', axes, 1, 1),
    dilations: config.perAxis('dilation_rate', axes, 1, 1),
  };
}

/** The operands behind the IFM: the filters under a name that all calls share, and the bias where there is one. */
function parameters(
  call: LayerCall,
  role: string,
  make: () => Filters,
  outChannels: number | undefined,
): string[] {
  const filters = call.graph.constant(`${call.layer}/${role}`, make);
  if (outChannels === undefined || !call.config.flag('use_bias', true)) return [filters];
  return [filters, call.graph.constant(`${call.layer}/bias`, () => call.weight('bias', [outChannels]))];
}

function windowAttributes(window: WindowSettings, pads: readonly number[]) {
  return { kernel_shape: window.kernel, strides: window.strides, dilations: window.dilations, pads };
}

/** The IFM as N x C x spatial, with as many axes as the layer has. */
function ifmOf(
  call: LayerCall,
  input: Value,
  axes: number,
): { ifm: string; channels: number; spatial: number[] } {
  if (input.rank !== axes + 2) {
    throw call.config.malformed(`its input [${input.shape.join(', ')}] has not ${axes + 2} dimensions`);
  }
  const ifm = input.channelsFirst(dataFormatOf(call));
  const [, channels, ...spatial] = call.graph.shapeOf(ifm);
  return { ifm, channels: channels!, spatial };
}

function convolution(axes: number): Translator {
  return (call, input) => {
    const { config, graph, name } = call;
    const { ifm, channels, spatial } = ifmOf(call, input, axes);
    const window = windowSettings(call, axes);
    const filters = config.whole('filters', 1);
    const group = config.whole('groups', 1, 1);
    const shape = [...window.kernel, channels / group, filters];
    if (channels % group !== 0)
      throw config.malformed(`${channels} channels do not split into ${group} groups`);
    const operands = parameters(call, 'filters', () => filtersFirst(call.weight('kernel', shape)), filters);
    const attributes = { ...windowAttributes(window, padsOf(config, spatial, window)), group };
    const made = graph.node(name, 'Conv', [ifm, ...operands], attributes);
    return activated(call, Value.of(graph, made, dataFormatOf(call)));
  };
}

function depthwise(axes: number): Translator {
  return (call, input) => {
    const { config, graph, name } = call;
    const { ifm, channels, spatial } = ifmOf(call, input, axes);
    const settings = windowSettings(call, axes);
    // tfjs does not look at the dilation of this layer, and a model that was trained there does not know of it.
    const window =
      call.origin === 'tfjs' ? { ...settings, dilations: settings.kernel.map(() => 1) } : settings;
    const multiplier = config.whole('depth_multiplier', 1, 1);
    const shape = [...window.kernel, channels, multiplier];
    const make = () => depthwiseFilters(call.weight(['depthwise_kernel', 'kernel'], shape));
    const operands = parameters(call, 'filters', make, channels * multiplier);
    const attributes = { ...windowAttributes(window, padsOf(config, spatial, window)), group: channels };
    const made = graph.node(name, 'Conv', [ifm, ...operands], attributes);
    return activated(call, Value.of(graph, made, dataFormatOf(call)));
  };
}

/** A depthwise convolution, then one of 1 x 1 that has the bias. */
function separable(axes: number): Translator {
  return (call, input) => {
    const { config, graph, name } = call;
    const { ifm, channels, spatial } = ifmOf(call, input, axes);
    const window = windowSettings(call, axes);
    const filters = config.whole('filters', 1);
    const wide = channels * config.whole('depth_multiplier', 1, 1);
    const shape = [...window.kernel, channels, wide / channels];
    const first = parameters(
      call,
      'depthwise',
      () => depthwiseFilters(call.weight('depthwise_kernel', shape)),
      undefined,
    );
    const ones = window.kernel.map(() => 1);
    const second = () => filtersFirst(call.weight('pointwise_kernel', [...ones, wide, filters]));
    const attributes = { ...windowAttributes(window, padsOf(config, spatial, window)), group: channels };
    const apart = graph.node(`${name}/depthwise`, 'Conv', [ifm, ...first], attributes);
    const made = graph.node(name, 'Conv', [apart, ...parameters(call, 'pointwise', second, filters)], {
      kernel_shape: ones,
    });
    return activated(call, Value.of(graph, made, dataFormatOf(call)));
  };
}

/** The gradient of a convolution from the OFM to the IFM: the pads are those that it would have. */
function transposedConvolution(axes: number): Translator {
  return (call, input) => {
    const { config, graph, name } = call;
    const { ifm, channels } = ifmOf(call, input, axes);
    const window = windowSettings(call, axes);
    const { kernel, strides, dilations } = window;
    if (dilations.some((dilation) => dilation !== 1))
      throw new UnsupportedLayer(`its dilation_rate is ${dilations}`);
    if (config.value('output_padding') !== undefined) throw new UnsupportedLayer('it has an output_padding');
    const same = config.oneOf('padding', ['valid', 'same'], 'valid') === 'same';
    const filters = config.whole('filters', 1);
    const shape = [...kernel, filters, channels];
    // [...kernel, out, in], which is what ConvTranspose wants after the same turn as for a convolution.
    const operands = parameters(call, 'filters', () => filtersFirst(call.weight('kernel', shape)), filters);
    const overlap = kernel.map((extent, axis) => extent - strides[axis]!);
    const totals = overlap.map((extent) => (same ? Math.max(0, extent) : 0));
    const begins = totals.map((total) => Math.floor(total / 2));
    const pads = [...begins, ...totals.map((total, axis) => total - begins[axis]!)];
    // A stride past the kernel leaves a gap at the end, too.
    const gaps = overlap.map((extent) => Math.max(0, -extent));
    const attributes = { kernel_shape: kernel, strides, pads, output_padding: gaps };
    const made = graph.node(name, 'ConvTranspose', [ifm, ...operands], attributes);
    return activated(call, Value.of(graph, made, dataFormatOf(call)));
  };
}

export const CONVOLUTION_LAYERS: Readonly<Record<string, Translator>> = {
  Conv1D: convolution(1),
  Conv2D: convolution(2),
  Convolution1D: convolution(1),
  Convolution2D: convolution(2),
  DepthwiseConv1D: depthwise(1),
  DepthwiseConv2D: depthwise(2),
  SeparableConv1D: separable(1),
  SeparableConv2D: separable(2),
  Conv1DTranspose: transposedConvolution(1),
  Conv2DTranspose: transposedConvolution(2),
};
