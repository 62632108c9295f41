import { describe, expect, it } from '@jest/globals';
import { loadModel } from '../../../src/formats/load-model.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import { coded } from '../../support/code.ts';
import { difference } from '../../support/onnxruntime.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { computed, importTfjs, randomTensors, runImported, tf, writeTfjs } from '../../support/tfjs.ts';

const TOLERANCE = { relative: 1e-4, absolute: 1e-5 };

type Weights = Readonly<Record<string, readonly number[]>>;
type Wanted = (x: tf.Tensor, weights: Readonly<Record<string, tf.Tensor>>) => tf.Tensor;

const input = (shape: readonly (number | null)[]) => ({
  class_name: 'InputLayer',
  config: { name: 'x', batch_input_shape: [null, ...shape], dtype: 'float32' },
});

/** A model of one layer as Keras writes it, with weights of the given shapes. */
async function oneLayer(
  version: string,
  shape: readonly number[],
  className: string,
  config: object,
  weights: Weights = {},
): Promise<{ file: string; values: Record<string, Tensor<'float32'>> }> {
  const values = Object.fromEntries(
    Object.entries(weights).map(([name, extents], at) => [name, randomTensors([extents], at + 1)[0]!]),
  );
  const named = Object.fromEntries(Object.entries(values).map(([name, value]) => [`layer/${name}`, value]));
  const layers = [input(shape), { class_name: className, config: { name: 'layer', ...config } }];
  const topology = {
    keras_version: version,
    model_config: { class_name: 'Sequential', config: { name: 'm', layers } },
  };
  return { file: await writeTfjs(await temporaryFolder(), topology, named), values };
}

const PICTURE = [6, 5, 4];
const SIGNAL = [9, 4];
const pad1 = (x: tf.Tensor, begin: number, end: number) =>
  tf.pad(x as tf.Tensor3D, [
    [0, 0],
    [begin, end],
    [0, 0],
  ]);
const resized = (
  x: tf.Tensor,
  height: number,
  width: number,
  kind: 'resizeBilinear' | 'resizeNearestNeighbor',
) => tf.image[kind](x as tf.Tensor4D, [height, width], false, true);
const relu = (x: tf.Tensor, slope: number, threshold: number, max: number) => {
  const line = tf.where(tf.greater(x, threshold), x, tf.mul(slope, tf.sub(x, threshold)));
  return tf.minimum(line, max);
};

/** What tfjs cannot run or reads otherwise, against what Keras documents, computed with operations of tfjs. */
const CASES: readonly (readonly [
  title: string,
  version: string,
  shape: readonly number[],
  className: string,
  config: object,
  wanted: Wanted,
  weights?: Weights,
])[] = [
  [
    'ReLU of all settings',
    '2.4.0',
    PICTURE,
    'ReLU',
    { max_value: 1, negative_slope: 0.25, threshold: 0.3 },
    (x) => relu(x, 0.25, 0.3, 1),
  ],
  [
    'ReLU with a threshold',
    '2.4.0',
    PICTURE,
    'ReLU',
    { max_value: null, negative_slope: 0, threshold: 0.3 },
    (x) => relu(x, 0, 0.3, 1e9),
  ],
  [
    'ReLU with a slope',
    '3.3.3',
    PICTURE,
    'ReLU',
    { max_value: 0.5, negative_slope: 0.1 },
    (x) => relu(x, 0.1, 0, 0.5),
  ],
  ['LeakyReLU of Keras 2', '2.4.0', PICTURE, 'LeakyReLU', {}, (x) => tf.leakyRelu(x, 0.3)],
  [
    'LeakyReLU of a NumPy number',
    '2.4.0',
    PICTURE,
    'LeakyReLU',
    { alpha: { class_name: '__numpy__', config: { value: 0.1 } } },
    (x) => tf.leakyRelu(x, 0.1),
  ],
  [
    'LeakyReLU of Keras 3',
    '3.3.3',
    PICTURE,
    'LeakyReLU',
    { negative_slope: 0.2 },
    (x) => tf.leakyRelu(x, 0.2),
  ],
  [
    'ELU',
    '2.4.0',
    PICTURE,
    'ELU',
    { alpha: 0.5 },
    (x) => tf.where(tf.greater(x, 0), x, tf.mul(0.5, tf.expm1(x))),
  ],
  [
    'hard_sigmoid of Keras 2',
    '2.4.0',
    PICTURE,
    'Activation',
    { activation: 'hard_sigmoid' },
    (x) => tf.clipByValue(tf.add(tf.mul(x, 0.2), 0.5), 0, 1),
  ],
  [
    'hard_sigmoid of Keras 3',
    '3.3.3',
    PICTURE,
    'Activation',
    { activation: 'hard_sigmoid' },
    (x) => tf.clipByValue(tf.add(tf.div(x, 6), 0.5), 0, 1),
  ],
  ['silu', '3.3.3', PICTURE, 'Activation', { activation: 'silu' }, (x) => tf.mul(x, tf.sigmoid(x))],
  [
    'hard_silu',
    '3.3.3',
    PICTURE,
    'Activation',
    { activation: 'hard_silu' },
    (x) => tf.mul(x, tf.clipByValue(tf.add(tf.div(x, 6), 0.5), 0, 1)),
  ],
  ['hard_tanh', '3.3.3', PICTURE, 'Activation', { activation: 'hard_tanh' }, (x) => tf.clipByValue(x, -1, 1)],
  ['leaky_relu', '3.3.3', PICTURE, 'Activation', { activation: 'leaky_relu' }, (x) => tf.leakyRelu(x, 0.2)],
  ['exponential', '2.4.0', PICTURE, 'Activation', { activation: 'exponential' }, (x) => tf.exp(x)],
  [
    'gelu_new',
    '2.4.0',
    PICTURE,
    'Activation',
    { activation: 'gelu_new' },
    (x) =>
      tf.mul(
        tf.mul(x, 0.5),
        tf.add(1, tf.tanh(tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.pow(x, 3)))))),
      ),
  ],
  [
    'a registered function',
    '3.3.3',
    PICTURE,
    'Activation',
    {
      activation: {
        module: 'builtins',
        class_name: 'function',
        config: 'relu6',
        registered_name: 'function',
      },
    },
    (x) => tf.relu6(x),
  ],
  [
    'a layer for an activation',
    '3.3.3',
    SIGNAL,
    'Dense',
    {
      units: 3,
      use_bias: false,
      activation: {
        module: 'keras.layers',
        class_name: 'LeakyReLU',
        config: { name: 'a', negative_slope: 0.1 },
      },
    },
    (x, { kernel }) =>
      tf.leakyRelu(tf.matMul(x.reshape([9, 4]), kernel as tf.Tensor2D).reshape([1, 9, 3]), 0.1),
    { kernel: [4, 3] },
  ],
  [
    'Softmax along another axis',
    '2.4.0',
    PICTURE,
    'Softmax',
    { axis: [1] },
    (x) => tf.transpose(tf.softmax(tf.transpose(x, [0, 2, 3, 1])), [0, 3, 1, 2]),
  ],
  [
    'Resizing',
    '2.9.0',
    PICTURE,
    'Resizing',
    { height: 9, width: 3, interpolation: 'bilinear', crop_to_aspect_ratio: false },
    (x) => resized(x, 9, 3, 'resizeBilinear'),
  ],
  [
    'Resizing to the nearest',
    '3.3.3',
    PICTURE,
    'Resizing',
    { height: 4, width: 7, interpolation: 'nearest' },
    (x) => resized(x, 4, 7, 'resizeNearestNeighbor'),
  ],
  [
    'UpSampling2D of TensorFlow 2',
    '2.9.0',
    PICTURE,
    'UpSampling2D',
    { size: [2, 3], interpolation: 'bilinear' },
    (x) => resized(x, 12, 15, 'resizeBilinear'),
  ],
  [
    'UpSampling2D of old Keras',
    '2.1.6',
    PICTURE,
    'UpSampling2D',
    { size: [2, 3], interpolation: 'bilinear' },
    (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [12, 15]),
  ],
  [
    'UpSampling1D',
    '2.9.0',
    SIGNAL,
    'UpSampling1D',
    { size: 2 },
    (x) => tf.stack([x, x], 2).reshape([1, 18, 4]),
  ],
  ['ZeroPadding1D', '2.9.0', SIGNAL, 'ZeroPadding1D', { padding: [1, 2] }, (x) => pad1(x, 1, 2)],
  [
    'Cropping1D',
    '2.9.0',
    SIGNAL,
    'Cropping1D',
    { cropping: [1, 2] },
    (x) => tf.slice(x, [0, 1, 0], [1, 6, 4]),
  ],
  [
    'causal Conv1D',
    '2.9.0',
    SIGNAL,
    'Conv1D',
    { filters: 3, kernel_size: [3], strides: [1], padding: 'causal', dilation_rate: [2], use_bias: false },
    (x, { kernel }) => tf.conv1d(pad1(x, 4, 0) as tf.Tensor3D, kernel as tf.Tensor3D, 1, 'valid', 'NWC', 2),
    { kernel: [3, 4, 3] },
  ],
  [
    'dilated DepthwiseConv2D',
    '2.9.0',
    PICTURE,
    'DepthwiseConv2D',
    { kernel_size: [3, 3], padding: 'same', dilation_rate: [2, 2], use_bias: false },
    (x, w) =>
      tf.depthwiseConv2d(x as tf.Tensor4D, w['depthwise_kernel'] as tf.Tensor4D, 1, 'same', 'NHWC', 2),
    { depthwise_kernel: [3, 3, 4, 1] },
  ],
  [
    'DepthwiseConv2D of Keras 3',
    '3.3.3',
    PICTURE,
    'DepthwiseConv2D',
    { kernel_size: [3, 3], depth_multiplier: 2, use_bias: false },
    (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w['kernel'] as tf.Tensor4D, 1, 'valid'),
    { kernel: [3, 3, 4, 2] },
  ],
  [
    'SeparableConv2D',
    '2.9.0',
    PICTURE,
    'SeparableConv2D',
    { filters: 3, kernel_size: [3, 3], depth_multiplier: 2, padding: 'same', strides: [2, 2] },
    (x, w) =>
      tf.add(
        tf.separableConv2d(
          x as tf.Tensor4D,
          w['depthwise_kernel'] as tf.Tensor4D,
          w['pointwise_kernel'] as tf.Tensor4D,
          2,
          'same',
        ),
        w['bias']!,
      ),
    { depthwise_kernel: [3, 3, 4, 2], pointwise_kernel: [1, 1, 8, 3], bias: [3] },
  ],
  [
    'SeparableConv1D',
    '2.9.0',
    SIGNAL,
    'SeparableConv1D',
    { filters: 3, kernel_size: [3], use_bias: false },
    (x, w) =>
      tf
        .separableConv2d(
          x.reshape([1, 1, 9, 4]) as tf.Tensor4D,
          w['depthwise_kernel']!.reshape([1, 3, 4, 1]) as tf.Tensor4D,
          w['pointwise_kernel']!.reshape([1, 1, 4, 3]) as tf.Tensor4D,
          1,
          'valid',
        )
        .reshape([1, 7, 3]),
    { depthwise_kernel: [3, 4, 1], pointwise_kernel: [1, 4, 3] },
  ],
  [
    'Conv1DTranspose',
    '2.9.0',
    SIGNAL,
    'Conv1DTranspose',
    { filters: 3, kernel_size: [3], strides: [2], padding: 'same', use_bias: false },
    (x, w) =>
      tf
        .conv2dTranspose(
          x.reshape([1, 1, 9, 4]) as tf.Tensor4D,
          w['kernel']!.reshape([1, 3, 3, 4]) as tf.Tensor4D,
          [1, 1, 18, 3],
          [1, 2],
          'same',
        )
        .reshape([1, 18, 3]),
    { kernel: [3, 3, 4] },
  ],
  [
    'grouped Conv2D',
    '2.9.0',
    PICTURE,
    'Conv2D',
    { filters: 6, kernel_size: [3, 3], groups: 2, use_bias: false },
    (x, { kernel }) =>
      tf.concat(
        [0, 1].map((group) =>
          tf.conv2d(
            tf.slice(x, [0, 0, 0, 2 * group], [1, 6, 5, 2]) as tf.Tensor4D,
            tf.slice(kernel!, [0, 0, 0, 3 * group], [3, 3, 2, 3]) as tf.Tensor4D,
            1,
            'valid',
          ),
        ),
        3,
      ),
    { kernel: [3, 3, 2, 6] },
  ],
  [
    'BatchNormalization along channels that come first',
    '2.9.0',
    PICTURE,
    'BatchNormalization',
    { axis: [1], center: false, epsilon: 20 },
    (x, w) =>
      tf.mul(
        tf.div(
          tf.sub(x, w['moving_mean']!.reshape([6, 1, 1])),
          tf.sqrt(tf.add(w['moving_variance']!.reshape([6, 1, 1]), 20)),
        ),
        w['gamma']!.reshape([6, 1, 1]),
      ),
    { gamma: [6], moving_mean: [6], moving_variance: [6] },
  ],
  [
    'Normalization of numbers',
    '3.3.3',
    PICTURE,
    'Normalization',
    { axis: [-1], mean: [1, 2, 3, 4], variance: [4, 1, 9, 0.25] },
    (x) => tf.div(tf.sub(x, [1, 2, 3, 4]), [2, 1, 3, 0.5]),
  ],
  [
    'Rescaling per channel',
    '2.9.0',
    PICTURE,
    'Rescaling',
    { scale: [1, 2, 3, 4], offset: -1 },
    (x) => tf.sub(tf.mul(x, [1, 2, 3, 4]), 1),
  ],
  [
    'pooling that keeps its axes',
    '2.9.0',
    PICTURE,
    'GlobalAveragePooling2D',
    { keepdims: true },
    (x) => tf.mean(x, [1, 2], true),
  ],
  ['SpatialDropout2D', '2.9.0', PICTURE, 'SpatialDropout2D', { rate: 0.5 }, (x) => x],
  ['ActivityRegularization', '2.9.0', PICTURE, 'ActivityRegularization', { l1: 1 }, (x) => x],
  ['RandomFlip', '2.9.0', PICTURE, 'RandomFlip', { mode: 'horizontal' }, (x) => x],
];

describe('what tfjs cannot run, or reads otherwise than the Keras that wrote it', () => {
  it.each(CASES.map((each) => [each[0], each] as const))('%s', async (_title, each) => {
    const [, version, shape, className, config, wanted, weights = {}] = each;
    const { file, values } = await oneLayer(version, shape, className, config, weights);
    const x = randomTensors([[1, ...shape]], 5)[0]!;
    const want = computed(() => {
      const tensors = Object.entries(values).map(
        ([name, { data, shape }]) => [name, tf.tensor(data, [...shape])] as const,
      );
      return wanted(tf.tensor(x.data, [...x.shape]), Object.fromEntries(tensors));
    });
    const { graph } = await importTfjs(file);
    expect(difference((await runImported(graph, [x]))[0]!, want, TOLERANCE)).toBeUndefined();
  });
});

describe('spellings', () => {
  const kernel = randomTensors([[1, 1, 3, 2]])[0]!;
  const x = randomTensors([[1, 4, 4, 3]], 9)[0]!;
  const conv = { name: 'conv', filters: 2, kernel_size: [1, 1], use_bias: false };
  const call = (name: string, at = 0) => ({
    class_name: '__keras_tensor__',
    config: { shape: [null, 4, 4, 3], dtype: 'float32', keras_history: [name, at, 0] },
  });
  const policy = {
    module: 'keras',
    class_name: 'DTypePolicy',
    config: { name: 'float32' },
    registered_name: null,
  };
  const wrapped = (class_name: string, config: object, inbound_nodes: unknown) => ({
    ...{
      module: 'keras.layers',
      class_name,
      registered_name: null,
      build_config: { input_shape: [null, 4, 4, 3] },
    },
    ...{ config: { dtype: policy, ...config }, name: (config as { name: string }).name, inbound_nodes },
  });
  const model = (class_name: string, config: unknown, version = '3.3.3') => ({
    keras_version: version,
    model_config: { class_name, config },
  });

  const topologies: readonly (readonly [string, unknown, string])[] = [
    [
      'Keras 3 functional',
      model('Functional', {
        name: 'm',
        layers: [
          wrapped('InputLayer', { name: 'x', batch_shape: [null, 4, 4, 3] }, []),
          wrapped('Conv2D', conv, [{ args: [call('x')], kwargs: { training: false } }]),
          wrapped('Add', { name: 'sum' }, [{ args: [[call('conv'), call('conv')]], kwargs: {} }]),
        ],
        input_layers: [['x', 0, 0]],
        output_layers: [['sum', 0, 0]],
      }),
      'conv/kernel',
    ],
    [
      'Keras 3 with a single input and output',
      model('Functional', {
        name: 'm',
        layers: [
          wrapped('InputLayer', { name: 'x', batch_shape: [null, 4, 4, 3] }, []),
          wrapped('Conv2D', conv, [{ args: [call('x')], kwargs: {} }]),
          wrapped('Add', { name: 'sum' }, [{ args: [[call('conv'), call('conv')]], kwargs: {} }]),
        ],
        input_layers: ['x', 0, 0],
        output_layers: { answer: ['sum', 0, 0] },
      }),
      'm/conv/kernel:0',
    ],
    [
      'Keras 2 functional, as text',
      {
        keras_version: '2.4.0',
        model_config: JSON.stringify({
          class_name: 'Model',
          config: {
            name: 'm',
            layers: [
              {
                name: 'x',
                class_name: 'InputLayer',
                config: { name: 'x', batch_input_shape: [null, 4, 4, 3] },
                inbound_nodes: [],
              },
              // Out of order, as layers that were added later are.
              {
                name: 'sum',
                class_name: 'Add',
                config: { name: 'sum' },
                inbound_nodes: [
                  [
                    ['conv', 0, 0, {}],
                    ['conv', 0, 0, {}],
                  ],
                ],
              },
              { name: 'conv', class_name: 'Conv2D', config: conv, inbound_nodes: [[['x', 0, 0, {}]]] },
            ],
            input_layers: [['x', 0, 0]],
            output_layers: [['sum', 0, 0]],
          },
        }),
      },
      'conv/cell/kernel',
    ],
  ];

  it.each(topologies)('reads %s', async (_title, topology, weight) => {
    const file = await writeTfjs(await temporaryFolder(), topology, { [weight]: kernel });
    const { graph } = await importTfjs(file);
    const want = computed(() => {
      return tf
        .conv2d(tf.tensor4d(x.data, [1, 4, 4, 3]), tf.tensor4d(kernel.data, [1, 1, 3, 2]), 1, 'same')
        .mul(2);
    });
    expect(graph.inputs).toEqual(['x']);
    expect(graph.outputs).toEqual(['sum']);
    expect(difference((await runImported(graph, [x]))[0]!, want, TOLERANCE)).toBeUndefined();
  });

  it.each([
    [
      'a list, of Keras before 2.2.3',
      model(
        'Sequential',
        [{ class_name: 'Conv2D', config: { ...conv, batch_input_shape: [null, 4, 4, 3] } }],
        '2.1.6',
      ),
    ],
    [
      'built later',
      model('Sequential', {
        name: 's',
        layers: [{ class_name: 'Conv2D', config: conv }],
        build_input_shape: [null, 4, 4, 3],
      }),
    ],
  ])('reads a Sequential that is %s', async (_title, topology) => {
    const file = await writeTfjs(await temporaryFolder(), topology, { 'conv/0': kernel });
    const { graph } = await importTfjs(file);
    expect(graph.inputs).toEqual(['conv_input']);
    expect(graph.types.get('conv_input')).toEqual({ dtype: 'float32', shape: [1, 4, 4, 3] });
    expect((await runImported(graph, [x]))[0]!.shape).toEqual([1, 4, 4, 2]);
  });

  it('closes open dimensions by --shape only, and takes whole numbers as pixels', async () => {
    const layers = [
      {
        class_name: 'InputLayer',
        config: { name: 'x', batch_input_shape: [null, null, null, 3], dtype: 'int32' },
      },
      { class_name: 'Conv2D', config: conv },
    ];
    const file = await writeTfjs(await temporaryFolder(), model('Sequential', { name: 's', layers }), {
      'conv/kernel': kernel,
    });
    await expect(loadModel(file)).rejects.toEqual(coded('ISO_ERR_MODEL_DYNAMIC_SHAPE', '[?, ?, ?, 3]'));
    await expect(loadModel(file, { shapes: { x: [1, 5, 6, 4] } })).rejects.toEqual(
      coded('ISO_ERR_INPUT_MISMATCH', '[?, ?, ?, 3]'),
    );
    const { graph } = await importTfjs(file, { x: [2, 5, 6, 3] });
    expect(graph.types.get('x')).toEqual({ dtype: 'int32', shape: [2, 5, 6, 3] });
    const [got] = await runImported(graph, [Tensor.of('int32', [2, 5, 6, 3], new Int32Array(180).fill(2))]);
    expect(got!.shape).toEqual([2, 5, 6, 2]);
  });
});

describe('models that are refused', () => {
  const chain = (...layers: readonly object[]) => ({
    keras_version: '2.9.0',
    model_config: { class_name: 'Sequential', config: { name: 'm', layers: [input([8, 8, 3]), ...layers] } },
  });
  const layer = (class_name: string, name: string, config: object = {}) => ({
    class_name,
    config: { name, ...config },
  });
  const refusal = async (topology: unknown) => loadModel(await writeTfjs(await temporaryFolder(), topology));

  it('names every layer that is not supported, in nested models too, in one error', async () => {
    const inner = {
      class_name: 'Sequential',
      config: { name: 'inner', layers: [input([8, 8, 3]), layer('Lambda', 'secret')] },
    };
    const topology = chain(
      layer('Dropout', 'drop'),
      layer('GRU', 'first'),
      inner,
      layer('Activation', 'odd', { activation: 'glu' }),
      layer('Conv3D', 'last'),
    );
    await expect(refusal(topology)).rejects.toEqual(
      coded('ISO_ERR_MODEL_UNSUPPORTED', 'these layers: first (GRU), inner/secret (Lambda), last (Conv3D)'),
    );
  });

  it('names settings that are not supported', async () => {
    const topology = chain(
      layer('Activation', 'odd', { activation: 'glu' }),
      layer('UpSampling2D', 'up', { interpolation: 'lanczos3' }),
    );
    await expect(refusal(topology)).rejects.toEqual(
      coded(
        'ISO_ERR_MODEL_UNSUPPORTED',
        'odd (Activation: its activation is "glu"), up (UpSampling2D: interpolation is "lanczos3"',
      ),
    );
  });

  const functional = (layers: readonly object[], more: object = {}) => ({
    class_name: 'Model',
    config: { name: 'm', layers, input_layers: [['x', 0, 0]], output_layers: [['y', 0, 0]], ...more },
  });
  const x = { ...input([8, 8, 3]), name: 'x', inbound_nodes: [] };
  const y = (inbound: unknown, class_name = 'Add') => ({
    name: 'y',
    class_name,
    config: { name: 'y' },
    inbound_nodes: inbound,
  });

  it.each([
    [
      'a missing weight',
      chain(layer('Conv2D', 'c', { filters: 2, kernel_size: [3, 3] })),
      'no weight c/kernel [3, 3, 3, 2]',
    ],
    ['no number of filters', chain(layer('Conv2D', 'c', { kernel_size: [3, 3] })), 'c (Conv2D): filters'],
    [
      'a kernel of three axes',
      chain(layer('Conv2D', 'c', { filters: 2, kernel_size: [3, 3, 3] })),
      'kernel_size is [3,3,3]',
    ],
    [
      'a layer on other dimensions',
      chain(layer('Conv1D', 'c', { filters: 2, kernel_size: [3] })),
      'has not 3 dimensions',
    ],
    [
      'a reshape of other elements',
      chain(layer('Reshape', 'r', { target_shape: [5, -1] })),
      'cannot become [5, -1]',
    ],
    [
      'a cycle',
      functional([
        x,
        y([
          [
            ['x', 0, 0],
            ['z', 0, 0],
          ],
        ]),
        { ...y([[['y', 0, 0]]]), name: 'z' },
      ]),
      'depends on its own output',
    ],
    ['a layer that is not there', functional([x, y([[['nowhere', 0, 0]]])]), 'nowhere'],
    ['a call that is not there', functional([x, y([[['x', 7, 0]]])]), 'call 7'],
    ['an output that is not there', functional([x, y([[['x', 0, 3]]])]), 'has 1 outputs, not 4'],
    ['a layer that is called with nothing', functional([x, y([[]])]), 'called with 0 inputs'],
    ['names twice', functional([x, x, y([[['x', 0, 0]]])]), 'twice'],
    ['no inputs', functional([x, y([[['x', 0, 0]]])], { input_layers: [] }), 'inputs or outputs'],
    [
      'inputs that do not fit',
      functional([
        x,
        { ...y([[['x', 0, 0]]], 'Flatten'), name: 'f' },
        y([
          [
            ['x', 0, 0],
            ['f', 0, 0],
          ],
        ]),
      ]),
      'do not fit',
    ],
    ['no layers', { class_name: 'Sequential', config: {} }, 'no list of layers'],
    ['an empty Sequential', { class_name: 'Sequential', config: { layers: [] } }, 'has no layers'],
    ['a config that is no JSON', { model_config: '{' }, 'model_config is not JSON'],
    [
      'a negative shape',
      { class_name: 'Sequential', config: { layers: [{ ...input([-8, 8, 3]) }] } },
      'shape',
    ],
  ])('says what is wrong: %s', async (_title, topology, reason) => {
    await expect(refusal(topology)).rejects.toEqual(coded('ISO_ERR_MODEL_MALFORMED', reason));
  });

  it('says so where shapes cannot be computed, or become huge', async () => {
    const large = layer('UpSampling2D', 'up', { size: [100_000, 100_000] });
    await expect(
      refusal(chain(large)).then(async (graph) =>
        (await import('../../../src/graph/infer.ts')).inferTypes(graph),
      ),
    ).rejects.toEqual(coded('ISO_ERR_MODEL_TOO_LARGE'));
    await expect(refusal(chain(layer('MaxPooling2D', 'pool', { pool_size: [9, 9] })))).rejects.toEqual(
      coded('ISO_ERR_SHAPE_INVALID'),
    );
  });
});
