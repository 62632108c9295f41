import { UnsupportedLayer } from './config.ts';
import type { LayerCall, Translator } from './layer-call.ts';
import { DATA_FORMATS, type DataFormat, Value } from './value.ts';

/** How places in the output are taken back to the input. */
type Coordinates = 'asymmetric' | 'half_pixel';

function resize(
  { graph, name }: LayerCall,
  ifm: string,
  sizes: readonly number[],
  interpolation: 'nearest' | 'bilinear',
  coordinates: Coordinates,
): string {
  const shape = [...graph.shapeOf(ifm).slice(0, 2), ...sizes];
  const attributes = {
    mode: interpolation === 'nearest' ? 'nearest' : 'linear',
    coordinate_transformation_mode: coordinates,
    nearest_mode: coordinates === 'asymmetric' ? 'floor' : 'round_prefer_ceil',
  };
  return graph.node(name, 'Resize', [ifm, '', '', graph.integers(`${name}/sizes`, shape)], attributes);
}

function formatted({ config }: LayerCall, input: Value, axes: number): DataFormat {
  if (input.rank !== axes + 2) {
    throw config.malformed(`its input [${input.shape.join(', ')}] has not ${axes + 2} dimensions`);
  }
  return config.oneOf('data_format', DATA_FORMATS, 'channels_last');
}

/** Bilinear: Keras 2 with TensorFlow 2, and Keras 3, take the middle of pixels; tfjs and what was before the corner. */
function upsampling(axes: number): Translator {
  return (call, input) => {
    const { config, graph, origin } = call;
    const format = formatted(call, input, axes);
    const ifm = input.channelsFirst(format);
    const factors = config.perAxis('size', axes, 1, 2);
    const interpolation = config.oneOf('interpolation', ['nearest', 'bilinear'], 'nearest');
    const sizes = graph
      .shapeOf(ifm)
      .slice(2)
      .map((extent, axis) => extent * factors[axis]!);
    const corner = interpolation === 'nearest' || origin === 'tfjs' || origin === 'keras-old';
    return Value.of(
      graph,
      resize(call, ifm, sizes, interpolation, corner ? 'asymmetric' : 'half_pixel'),
      format,
    );
  };
}

/** As Keras does it; that of tfjs cannot run within a model. */
const resizing: Translator = (call, input) => {
  const { config, graph } = call;
  const format = formatted(call, input, 2);
  const ifm = input.channelsFirst(format);
  const sizes = [config.whole('height', 1), config.whole('width', 1)];
  const interpolation = config.oneOf('interpolation', ['bilinear', 'nearest'], 'bilinear');
  const keeps = config.flag('crop_to_aspect_ratio', false) || config.flag('pad_to_aspect_ratio', false);
  const [height, width] = graph.shapeOf(ifm).slice(2) as [number, number];
  if (keeps && height * sizes[1]! !== width * sizes[0]!) {
    throw new UnsupportedLayer('it crops or pads to keep the aspect ratio');
  }
  if (config.flag('antialias', false)) throw new UnsupportedLayer('it smooths what it resizes (antialias)');
  return Value.of(graph, resize(call, ifm, sizes, interpolation, 'half_pixel'), format);
};

function padding(axes: number): Translator {
  return (call, input) => {
    const { config, graph, name } = call;
    const format = formatted(call, input, axes);
    const pairs = config.pairs('padding', axes, 1);
    const pads = [0, 0, ...pairs.map(([begin]) => begin), 0, 0, ...pairs.map(([, end]) => end)];
    const made = graph.node(name, 'Pad', [input.channelsFirst(format), graph.integers(`${name}/pads`, pads)]);
    return Value.of(graph, made, format);
  };
}

/** The part of each spatial axis from `starts` on that is `sizes` long. */
function cut(
  { graph, name }: LayerCall,
  ifm: string,
  starts: readonly number[],
  sizes: readonly number[],
): string {
  const ends = starts.map((start, axis) => start + sizes[axis]!);
  const axes = starts.map((_, axis) => axis + 2);
  const lists = [
    graph.integers(`${name}/starts`, starts),
    graph.integers(`${name}/ends`, ends),
    graph.integers(`${name}/axes`, axes),
  ];
  return graph.node(name, 'Slice', [ifm, ...lists]);
}

function cropping(axes: number): Translator {
  return (call, input) => {
    const { config, graph } = call;
    const format = formatted(call, input, axes);
    const ifm = input.channelsFirst(format);
    const pairs = config.pairs('cropping', axes, axes === 1 ? 1 : 0);
    const spatial = graph.shapeOf(ifm).slice(2);
    const sizes = pairs.map(([begin, end], axis) => spatial[axis]! - begin - end);
    if (sizes.some((size) => size < 1)) throw config.malformed(`it crops all of [${spatial.join(', ')}]`);
    return Value.of(
      graph,
      cut(
        call,
        ifm,
        pairs.map(([begin]) => begin),
        sizes,
      ),
      format,
    );
  };
}

const centerCrop: Translator = (call, input) => {
  const { config, graph } = call;
  const format = formatted(call, input, 2);
  const ifm = input.channelsFirst(format);
  const sizes = [config.whole('height', 1), config.whole('width', 1)];
  const spatial = graph.shapeOf(ifm).slice(2);
  if (sizes.some((size, axis) => size > spatial[axis]!)) {
    throw new UnsupportedLayer(`it crops [${spatial.join(', ')}] to the larger [${sizes.join(', ')}]`);
  }
  const starts = sizes.map((size, axis) => Math.floor((spatial[axis]! - size) / 2));
  return Value.of(graph, cut(call, ifm, starts, sizes), format);
};

export const RESIZING_LAYERS: Readonly<Record<string, Translator>> = {
  UpSampling1D: upsampling(1),
  UpSampling2D: upsampling(2),
  Resizing: resizing,
  ZeroPadding1D: padding(1),
  ZeroPadding2D: padding(2),
  Cropping1D: cropping(1),
  Cropping2D: cropping(2),
  CenterCrop: centerCrop,
};
