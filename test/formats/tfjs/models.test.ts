import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { engineNamed } from '../../../src/engine/engines.ts';
import { planGraph, STRATEGY_NAMES } from '../../../src/planner/strategies.ts';
import { forEachEngineSlowly } from '../../support/each-engine.ts';
import { runPlan } from '../../support/execute.ts';
import { fleetOfWorkers } from '../../support/fleet.ts';
import { difference } from '../../support/onnxruntime.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import {
  expectAsTfjs,
  loadOracle,
  predict,
  randomize,
  randomTensors,
  type SaveOptions,
  saveTfjs,
  tf,
} from '../../support/tfjs.ts';

const { layers } = tf;
const FLEET = fleetOfWorkers(['a', 'b', 'c', 'd'].map((id) => ({ id, weight: 1 })));
const DEPTH = ['input-depth', 'output-depth', 'depth-grid'];
type Tensor = tf.SymbolicTensor;

const conv = (filters: number, kernelSize = 3, more: object = {}) =>
  layers.conv2d({ filters, kernelSize, padding: 'same', ...more });

async function check(model: tf.LayersModel, options: SaveOptions = {}) {
  const file = await saveTfjs(randomize(model), await temporaryFolder(), options);
  const oracle = await loadOracle(file);
  return { oracle, graph: await expectAsTfjs(file, oracle) };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** MobileNet v2 in small: padded strides, depthwise convolutions, inverted residuals, a classifier without Flatten. */
function mobilenet(): tf.LayersModel {
  const input = tf.input({ shape: [32, 32, 3], name: 'picture' });
  const normalised = (x: Tensor, activated = true) => {
    const y = layers.batchNormalization({ epsilon: 0.001 }).apply(x) as Tensor;
    return activated ? (layers.reLU({ maxValue: 6 }).apply(y) as Tensor) : y;
  };
  const pointwise = (x: Tensor, filters: number) => conv(filters, 1, { useBias: false }).apply(x) as Tensor;
  const depthwise = (x: Tensor, strides: number) => {
    const padded =
      strides === 1
        ? x
        : layers
            .zeroPadding2d({
              padding: [
                [0, 1],
                [0, 1],
              ],
            })
            .apply(x);
    const padding = strides === 1 ? 'same' : 'valid';
    return layers
      .depthwiseConv2d({ kernelSize: 3, strides, padding, useBias: false })
      .apply(padded) as Tensor;
  };
  const block = (x: Tensor, filters: number, strides: number) => {
    const channels = x.shape.at(-1)!;
    const y = normalised(pointwise(x, 6 * channels));
    const z = normalised(pointwise(normalised(depthwise(y, strides)), filters), false);
    return strides === 1 && channels === filters ? (layers.add().apply([x, z]) as Tensor) : z;
  };
  let x = normalised(conv(8, 3, { strides: 2, useBias: false }).apply(input) as Tensor);
  for (const [filters, strides] of [
    [8, 1],
    [12, 2],
    [12, 1],
    [16, 2],
    [16, 1],
  ] as const)
    x = block(x, filters, strides);
  x = normalised(pointwise(x, 64));
  x = layers.globalAveragePooling2d({}).apply(x) as Tensor;
  x = layers.reshape({ targetShape: [1, 1, 64] }).apply(x) as Tensor;
  x = conv(10, 1).apply(layers.dropout({ rate: 0.1 }).apply(x)) as Tensor;
  x = layers.activation({ activation: 'softmax' }).apply(layers.flatten().apply(x)) as Tensor;
  return tf.model({ inputs: input, outputs: x, name: 'small-mobilenet' });
}

describe('a MobileNet of tfjs layers', () => {
  it.each([undefined, 'uint8', 'uint16', 'float16'] as const)(
    'equals tfjs, quantised as %s',
    async (quantize) => {
      const { graph } = await check(mobilenet(), { shardBytes: 5000, ...(quantize ? { quantize } : {}) });
      // Every normalisation is part of a convolution.
      expect(graph.nodes.filter(({ op }) => op === 'BatchNormalization')).toEqual([]);
    },
  );

  describe.each([undefined, 'uint8', 'uint16', 'float16'] as const)('quantised as %s', (quantize) => {
    const inputs = randomTensors([[1, 32, 32, 3]], 3);
    const model = once(async () => {
      const { graph, oracle } = await check(mobilenet(), quantize ? { quantize } : {});
      return { graph, wanted: predict(oracle, inputs)[0]! };
    });

    forEachEngineSlowly((engine) => {
      const equals = async (options: Parameters<typeof planGraph>[2]) => {
        const { graph, wanted } = await model();
        const plan = planGraph(graph, FLEET, options);
        const outputs = await runPlan(engine, graph, plan, new Map([['picture', inputs[0]!]]));
        const limits = { relative: 1e-4, absolute: 1e-5 };
        expect(difference([...outputs.values()][0]!, wanted, limits)).toBeUndefined();
        return plan;
      };

      it.each(DEPTH)('equals tfjs on 4 agents, cut by %s', async (scheme) => {
        const { stages } = await equals({ strategy: 'depth', scheme });
        expect(stages.filter((stage) => stage.scheme === scheme).length).toBeGreaterThan(10);
      });

      it.each(STRATEGY_NAMES)('equals tfjs on 4 agents, planned by %s', async (strategy) => {
        await equals({ strategy });
      });
    });
  });
});

describe('a transposed convolution', () => {
  it.each(DEPTH)('equals tfjs on 4 agents, cut by %s', async (scheme) => {
    const engine = engineNamed('onnxruntime', { threads: 1 });
    await engine.start();
    try {
      const more = { filters: 6, kernelSize: 3, strides: 2 };
      const grow = [
        layers.conv2dTranspose({ ...more, padding: 'same', inputShape: [5, 6, 8] }),
        layers.conv2dTranspose(more),
      ];
      const { graph, oracle } = await check(tf.sequential({ layers: grow }));
      const inputs = randomTensors([[1, 5, 6, 8]], 3);
      const plan = planGraph(graph, FLEET, { strategy: 'depth', scheme });
      expect(plan.stages.filter((stage) => stage.scheme === scheme)).toHaveLength(2);
      const outputs = await runPlan(engine, graph, plan, new Map([[graph.inputs[0]!, inputs[0]!]]));
      const limits = { relative: 1e-4, absolute: 1e-5 };
      expect(difference([...outputs.values()][0]!, predict(oracle, inputs)[0]!, limits)).toBeUndefined();
    } finally {
      await engine.stop();
    }
  });
});

describe('models of several parts', () => {
  it('joins branches in every way', async () => {
    const input = tf.input({ shape: [8, 8, 3] });
    const branch = () => conv(4).apply(input) as Tensor;
    const wide = layers.globalAveragePooling2d({}).apply(branch()) as Tensor;
    const gate = layers.reshape({ targetShape: [1, 1, 4] }).apply(wide) as Tensor;
    const outputs = [
      layers.add().apply([branch(), branch(), branch()]),
      layers.multiply().apply([branch(), gate]),
      layers.average().apply([branch(), branch(), branch()]),
      layers.maximum().apply([branch(), branch()]),
      layers.minimum().apply([branch(), branch()]),
      layers.concatenate().apply([branch(), branch()]),
      layers.concatenate({ axis: 1 }).apply([branch(), branch()]),
      layers.concatenate().apply([wide, wide]),
    ] as Tensor[];
    await check(tf.model({ inputs: input, outputs }));
  });

  it('takes several inputs, and gives an input back', async () => {
    const picture = tf.input({ shape: [6, 6, 2], name: 'picture' });
    const facts = tf.input({ shape: [5], name: 'facts' });
    const seen = layers.flatten().apply(conv(3).apply(picture)) as Tensor;
    const all = layers.concatenate().apply([seen, facts]) as Tensor;
    const answer = layers.dense({ units: 4, name: 'answer' }).apply(all) as Tensor;
    const { graph } = await check(tf.model({ inputs: [facts, picture], outputs: [answer, seen] }));
    expect(graph.inputs).toEqual(['facts', 'picture']);
    expect(graph.outputs[0]).toBe('answer');
  });

  it('multiplies vectors', async () => {
    const a = tf.input({ shape: [6] });
    const b = tf.input({ shape: [6] });
    await check(tf.model({ inputs: [a, b], outputs: layers.dot({ axes: 1 }).apply([a, b]) as Tensor }));
  });

  it('multiplies lists of vectors', async () => {
    const a = tf.input({ shape: [4, 6] });
    const b = tf.input({ shape: [6, 3] });
    await check(tf.model({ inputs: [a, b], outputs: layers.dot({ axes: [2, 1] }).apply([a, b]) as Tensor }));
  });

  it('shares layers and nested models between calls', async () => {
    const shared = conv(3);
    const inner = tf.sequential({
      layers: [conv(3, 3, { inputShape: [8, 8, 3] }), layers.batchNormalization({})],
    });
    const side = tf.input({ shape: [8, 8, 3] });
    const twin = tf.model({
      inputs: side,
      outputs: [conv(3).apply(side) as Tensor, conv(2).apply(side) as Tensor],
    });
    const input = tf.input({ shape: [8, 8, 3] });
    const once = inner.apply(shared.apply(input)) as Tensor;
    const twice = inner.apply(shared.apply(once)) as Tensor;
    const [left, right] = twin.apply(twice) as Tensor[];
    await check(tf.model({ inputs: input, outputs: [left!, right!, once] }));
  });

  it('puts a functional model into a sequential one, and that into another', async () => {
    const input = tf.input({ shape: [8, 8, 3] });
    const functional = tf.model({
      inputs: input,
      outputs: layers.add().apply([conv(3).apply(input) as Tensor, input]) as Tensor,
    });
    const middle = tf.sequential({ layers: [functional, conv(4)] });
    await check(tf.sequential({ layers: [middle, layers.flatten(), layers.dense({ units: 3 })] }));
  });

  it.each([
    ['a layer', () => conv(3, 3, { inputShape: [8, 8, 3] })],
    ['an input layer', () => layers.inputLayer({ inputShape: [8, 8, 3], name: 'given' })],
  ])(
    'names the input of models within models as tfjs does, where the innermost begins with %s',
    async (_, first) => {
      const innermost = tf.sequential({ layers: [first(), conv(2)] });
      const model = tf.sequential({ layers: [tf.sequential({ layers: [innermost] }), layers.flatten()] });
      const { graph } = await check(model);
      // a name that this process gave before would have a number behind it in the model that was read again
      expect(graph.inputs).toEqual(model.inputs.map(({ name }) => name));
    },
  );

  it('keeps the order of flattened pixels and of reshaped ones', async () => {
    const input = tf.input({ shape: [5, 4, 3] });
    const map = conv(6).apply(input) as Tensor;
    const flat = layers.dense({ units: 7 }).apply(layers.flatten().apply(map)) as Tensor;
    const turned = layers.permute({ dims: [2, 3, 1] }).apply(map) as Tensor;
    const signal = layers
      .conv1d({ filters: 2, kernelSize: 3 })
      .apply(layers.reshape({ targetShape: [10, 12] }).apply(map)) as Tensor;
    await check(tf.model({ inputs: input, outputs: [flat, turned, signal] }));
  });
});

describe('any chain of layers', () => {
  const activation = fc.constantFrom('relu', 'relu6', 'elu', 'tanh', 'swish', 'linear');
  const padding = fc.constantFrom('same' as const, 'valid' as const);
  const small = fc.integer({ min: 1, max: 3 });
  const link = fc.oneof(
    fc.record({
      kind: fc.constant('conv' as const),
      filters: fc.integer({ min: 1, max: 6 }),
      kernelSize: small,
      strides: small,
      padding,
      activation,
    }),
    fc.record({
      kind: fc.constant('depthwise' as const),
      kernelSize: small,
      padding,
      depthMultiplier: fc.integer({ min: 1, max: 2 }),
    }),
    fc.record({
      kind: fc.constantFrom('max' as const, 'average' as const),
      poolSize: fc.integer({ min: 1, max: 2 }),
      strides: fc.integer({ min: 1, max: 2 }),
      padding,
    }),
    fc.record({ kind: fc.constant('up' as const), size: fc.integer({ min: 1, max: 2 }) }),
    fc.record({
      kind: fc.constantFrom(
        'norm' as const,
        'layer-norm' as const,
        'softmax' as const,
        'dense' as const,
        'permute' as const,
      ),
    }),
  );
  type Link = typeof link extends fc.Arbitrary<infer T> ? T : never;
  const layerOf = (each: Link): tf.layers.Layer => {
    switch (each.kind) {
      case 'conv':
        return layers.conv2d(each as object as Parameters<typeof layers.conv2d>[0]);
      case 'depthwise':
        return layers.depthwiseConv2d(each);
      case 'max':
        return layers.maxPooling2d(each);
      case 'average':
        return layers.averagePooling2d(each);
      case 'up':
        return layers.upSampling2d({ size: [each.size, 1] });
      case 'norm':
        return layers.batchNormalization({});
      case 'layer-norm':
        return layers.layerNormalization({ epsilon: 0.1 });
      case 'softmax':
        return layers.softmax({ axis: -1 });
      case 'dense':
        return layers.dense({ units: 4 });
      default:
        return layers.permute({ dims: [2, 1, 3] });
    }
  };

  it('equals tfjs', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(link, { minLength: 1, maxLength: 6 }), fc.boolean(), async (links, flat) => {
        const input = tf.input({ shape: [16, 13, 3] });
        let x: Tensor = input;
        for (const each of links) {
          // What would leave no pixel is left out.
          const [, height, width] = x.shape as [number, number, number];
          if (Math.min(height, width) >= 4) x = layerOf(each).apply(x) as Tensor;
        }
        if (flat) x = layers.dense({ units: 3 }).apply(layers.flatten().apply(x)) as Tensor;
        if (x !== input) await check(tf.model({ inputs: input, outputs: x }));
      }),
      { numRuns: 25 },
    );
  });
});
