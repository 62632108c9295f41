import { describe, it } from '@jest/globals';
import { temporaryFolder } from '../../support/temporary.ts';
import { expectAsTfjs, loadOracle, randomize, saveTfjs, tf } from '../../support/tfjs.ts';

const { layers } = tf;

type Layer = tf.layers.Layer;
const PICTURE = [9, 8, 6];
const MAP_FIRST = [6, 9, 8];
const SIGNAL = [11, 6];
const VECTOR = [10];

/** One layer with its options, and the shape of what it is given, without the batch. */
const CASES: readonly (readonly [title: string, shape: readonly number[], layer: () => Layer])[] = [
  ...(['valid', 'same'] as const).flatMap((padding) =>
    [1, 2, 3].flatMap((strides): (readonly [string, readonly number[], () => Layer])[] => [
      [
        `Conv2D ${padding} ${strides}`,
        PICTURE,
        () => layers.conv2d({ filters: 5, kernelSize: [3, 2], strides, padding }),
      ],
      [
        `Conv1D ${padding} ${strides}`,
        SIGNAL,
        () => layers.conv1d({ filters: 5, kernelSize: 4, strides, padding }),
      ],
      [
        `DepthwiseConv2D ${padding} ${strides}`,
        PICTURE,
        () => layers.depthwiseConv2d({ kernelSize: 3, strides, padding, depthMultiplier: 2 }),
      ],
      [
        `SeparableConv2D ${padding} ${strides}`,
        PICTURE,
        () => layers.separableConv2d({ filters: 7, kernelSize: 3, strides, padding }),
      ],
      [
        `Conv2DTranspose ${padding} ${strides}`,
        PICTURE,
        () => layers.conv2dTranspose({ filters: 5, kernelSize: [3, 2], strides, padding }),
      ],
      [
        `MaxPooling2D ${padding} ${strides}`,
        PICTURE,
        () => layers.maxPooling2d({ poolSize: [3, 2], strides, padding }),
      ],
      [
        `AveragePooling2D ${padding} ${strides}`,
        PICTURE,
        () => layers.averagePooling2d({ poolSize: [3, 2], strides, padding }),
      ],
      [
        `MaxPooling1D ${padding} ${strides}`,
        SIGNAL,
        () => layers.maxPooling1d({ poolSize: 3, strides, padding }),
      ],
      [
        `AveragePooling1D ${padding} ${strides}`,
        SIGNAL,
        () => layers.averagePooling1d({ poolSize: 3, strides, padding }),
      ],
    ]),
  ),
  [
    'Conv2D dilated',
    PICTURE,
    () => layers.conv2d({ filters: 4, kernelSize: 3, dilationRate: 2, padding: 'same' }),
  ],
  ['Conv2D dilated apart', PICTURE, () => layers.conv2d({ filters: 4, kernelSize: 3, dilationRate: [1, 3] })],
  [
    'Conv1D dilated',
    SIGNAL,
    () => layers.conv1d({ filters: 4, kernelSize: 3, dilationRate: 2, padding: 'same' }),
  ],
  ['Conv2D without bias', PICTURE, () => layers.conv2d({ filters: 4, kernelSize: 1, useBias: false })],
  ['Conv2D activated', PICTURE, () => layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu6' })],
  [
    'Conv2D channels first',
    MAP_FIRST,
    () =>
      layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', strides: 2, dataFormat: 'channelsFirst' }),
  ],
  [
    'Conv2DTranspose with gaps',
    PICTURE,
    () => layers.conv2dTranspose({ filters: 3, kernelSize: 1, strides: 3, padding: 'same' }),
  ],
  [
    'DepthwiseConv2D dilated',
    PICTURE,
    () => layers.depthwiseConv2d({ kernelSize: 3, dilationRate: 2, padding: 'same' }),
  ],
  [
    'SeparableConv2D without bias',
    PICTURE,
    () => layers.separableConv2d({ filters: 2, kernelSize: 2, useBias: false }),
  ],
  ['MaxPooling2D default', PICTURE, () => layers.maxPooling2d({})],
  [
    'MaxPooling2D channels first',
    MAP_FIRST,
    () => layers.maxPooling2d({ dataFormat: 'channelsFirst', padding: 'same' }),
  ],
  ['GlobalMaxPooling2D', PICTURE, () => layers.globalMaxPooling2d({})],
  ['GlobalAveragePooling2D', PICTURE, () => layers.globalAveragePooling2d({})],
  [
    'GlobalAveragePooling2D channels first',
    MAP_FIRST,
    () => layers.globalAveragePooling2d({ dataFormat: 'channelsFirst' }),
  ],
  ['GlobalMaxPooling1D', SIGNAL, () => layers.globalMaxPooling1d({})],
  ['GlobalAveragePooling1D', SIGNAL, () => layers.globalAveragePooling1d({})],
  ['Dense on a vector', VECTOR, () => layers.dense({ units: 7, activation: 'softmax' })],
  ['Dense on a signal', SIGNAL, () => layers.dense({ units: 7 })],
  ['Dense on a picture', PICTURE, () => layers.dense({ units: 7, useBias: false })],
  ...([undefined, 'channelsFirst'] as const).map(
    (dataFormat) =>
      [`Flatten ${dataFormat}`, PICTURE, () => layers.flatten(dataFormat ? { dataFormat } : {})] as const,
  ),
  ['Reshape', PICTURE, () => layers.reshape({ targetShape: [4, -1, 9] })],
  ['Permute', PICTURE, () => layers.permute({ dims: [3, 1, 2] })],
  ['RepeatVector', VECTOR, () => layers.repeatVector({ n: 3 })],
  ['BatchNormalization of a picture', PICTURE, () => layers.batchNormalization({ epsilon: 0.01 })],
  ['BatchNormalization of a vector', VECTOR, () => layers.batchNormalization({})],
  ['BatchNormalization of a signal', SIGNAL, () => layers.batchNormalization({ scale: false })],
  ['BatchNormalization without shift', PICTURE, () => layers.batchNormalization({ center: false })],
  ['LayerNormalization', PICTURE, () => layers.layerNormalization({})],
  [
    'LayerNormalization of two axes',
    PICTURE,
    () => layers.layerNormalization({ axis: [2, 3], epsilon: 0.1 }),
  ],
  [
    'ZeroPadding2D',
    PICTURE,
    () =>
      layers.zeroPadding2d({
        padding: [
          [1, 2],
          [0, 3],
        ],
      }),
  ],
  ['ZeroPadding2D of one number', PICTURE, () => layers.zeroPadding2d({ padding: 2 })],
  [
    'ZeroPadding2D channels first',
    MAP_FIRST,
    () => layers.zeroPadding2d({ padding: [1, 2], dataFormat: 'channelsFirst' }),
  ],
  [
    'Cropping2D',
    PICTURE,
    () =>
      layers.cropping2D({
        cropping: [
          [1, 2],
          [0, 3],
        ],
      }),
  ],
  [
    'Cropping2D channels first',
    MAP_FIRST,
    () =>
      layers.cropping2D({
        cropping: [
          [1, 2],
          [0, 3],
        ],
        dataFormat: 'channelsFirst',
      }),
  ],
  ...(['nearest', 'bilinear'] as const).flatMap((interpolation) => [
    [
      `UpSampling2D ${interpolation}`,
      PICTURE,
      () => layers.upSampling2d({ size: [2, 3], interpolation } as object),
    ] as const,
  ]),
  ['CenterCrop', PICTURE, () => layers.centerCrop({ height: 4, width: 3 })],
  ['Rescaling', PICTURE, () => layers.rescaling({ scale: 0.5, offset: -1 })],
  ...(
    [
      'elu',
      'relu',
      'relu6',
      'selu',
      'gelu',
      'linear',
      'sigmoid',
      'hardSigmoid',
      'softplus',
      'softsign',
      'tanh',
      'softmax',
      'logSoftmax',
      'mish',
      'swish',
    ] as const
  ).map(
    (activation) =>
      [
        `Activation ${activation}`,
        PICTURE,
        () => layers.activation({ activation: activation as 'elu' }),
      ] as const,
  ),
  ['ReLU', PICTURE, () => layers.reLU({})],
  ['ReLU with a maximum', PICTURE, () => layers.reLU({ maxValue: 0.5 })],
  ['LeakyReLU', PICTURE, () => layers.leakyReLU({ alpha: 0.1 })],
  ['PReLU', PICTURE, () => layers.prelu({})],
  ['PReLU shared', PICTURE, () => layers.prelu({ sharedAxes: [1, 2] })],
  ['PReLU of a vector', VECTOR, () => layers.prelu({})],
  ['ELU', PICTURE, () => layers.elu({})],
  ['ThresholdedReLU', PICTURE, () => layers.thresholdedReLU({ theta: 0.4 })],
  ['Softmax', PICTURE, () => layers.softmax({ axis: -1 })],
  ['Softmax of a vector', VECTOR, () => layers.softmax({})],
  ['Dropout', PICTURE, () => layers.dropout({ rate: 0.5 })],
  ['SpatialDropout1D', SIGNAL, () => layers.spatialDropout1d({ rate: 0.5 })],
  ['GaussianNoise', PICTURE, () => layers.gaussianNoise({ stddev: 1 })],
  ['GaussianDropout', PICTURE, () => layers.gaussianDropout({ rate: 0.5 })],
  ['AlphaDropout', PICTURE, () => layers.alphaDropout({ rate: 0.5 })],
];

async function check(model: tf.LayersModel): Promise<void> {
  const file = await saveTfjs(randomize(model), await temporaryFolder());
  await expectAsTfjs(file, await loadOracle(file));
}

describe('a layer, alone and behind a convolution, computes what it does in tfjs', () => {
  it.each(CASES)('%s', async (_title, shape, layer) => {
    await check(tf.sequential({ layers: [layers.inputLayer({ inputShape: [...shape] }), layer()] }));
    const first =
      shape === PICTURE
        ? layers.conv2d({ filters: 6, kernelSize: 1, inputShape: [...shape] })
        : shape === MAP_FIRST
          ? layers.conv2d({ filters: 6, kernelSize: 1, dataFormat: 'channelsFirst', inputShape: [...shape] })
          : shape === SIGNAL
            ? layers.conv1d({ filters: 6, kernelSize: 1, inputShape: [...shape] })
            : layers.dense({ units: 10, inputShape: [...shape] });
    await check(tf.sequential({ layers: [first, layer()] }));
  });
});
