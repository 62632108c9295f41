import { describe, expect, it } from '@jest/globals';
import {
  distributedTime,
  estimatedSpeedup,
  localTime,
  measuredGamma,
  type PaperCosts,
  type PaperLayer,
  paperCosts,
  paperLayer,
  paperTerms,
  speedupBound,
  stepsOf,
  trigger,
  uniformPartition,
  weightedPartition,
} from '../../src/estimator/paper.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { floats, graphOf, nodeOf } from '../support/graphs.ts';

/** 3 x 3, 64 to 128 channels on a plane of 28 x 28. */
const layer: PaperLayer = { kernelArea: 9, inputChannels: 64, outputChannels: 128, planeElements: 784 };
const costs: PaperCosts = { gamma: 1e-9, alpha: 784e-8, beta: 1e-7 };

describe('the formulas, by hand', () => {
  it('counts K² c f M steps', () => {
    expect(stepsOf(layer)).toBe(57_802_752);
    expect(localTime(layer, costs)).toBeCloseTo(0.057802752, 12);
    expect(measuredGamma(layer, 0.057802752)).toBeCloseTo(1e-9, 18);
  });

  it('S_max = K² c f γ / ((c + f)(α/M + β))', () => {
    // 73728 x 1e-9 / (192 x 1.1e-7)
    expect(speedupBound(layer, costs)).toBeCloseTo(3.4909090909, 9);
  });

  it('T_cld = T_part + n (T_tx + T_rx) + T_edge + T_join', () => {
    const terms = paperTerms(layer, costs, 4, { partition: 0.001, join: 0.002 });
    // a plane takes 7.84e-6 + 784e-7 = 86.24 us; 16 go to an agent, 32 come back
    expect(terms.transmit).toBeCloseTo(16 * 86.24e-6, 12);
    expect(terms.receive).toBeCloseTo(32 * 86.24e-6, 12);
    expect(terms.edge).toBeCloseTo(0.014450688, 12);
    expect(distributedTime(terms, 4)).toBeCloseTo(0.001 + 192 * 86.24e-6 + 0.014450688 + 0.002, 12);
    expect(distributedTime({ partition: 1, transmit: 2, edge: 3, receive: 4, join: 5 }, 10)).toBe(69);
  });

  it('approaches S_max with the number of agents, and never passes it', () => {
    const bound = speedupBound(layer, costs);
    const speedups = [1, 4, 16, 64, 1e6].map((agents) => estimatedSpeedup(layer, costs, agents));
    expect(speedups).toEqual(speedups.toSorted((a, b) => a - b));
    expect(speedups.at(-1)).toBeLessThan(bound);
    expect(speedups.at(-1)).toBeCloseTo(bound, 4);
  });

  it('has no unit: seconds in milliseconds give the same bound', () => {
    const scaled = { gamma: 1e-6, alpha: costs.alpha * 1000, beta: costs.beta * 1000 };
    expect(speedupBound(layer, scaled)).toBeCloseTo(speedupBound(layer, costs), 9);
  });

  it('takes β per element from one per byte, of the slower direction', () => {
    expect(paperCosts(1e-9, { alpha: 1, beta: 2e-8 }, { alpha: 3, beta: 1e-8 })).toEqual({
      gamma: 1e-9,
      alpha: 3,
      beta: 8e-8,
    });
  });
});

describe('the trigger', () => {
  const fast = costs;
  const slow = { ...costs, beta: 1e-5 };
  const deep = layer;
  const shallow = { ...layer, inputChannels: 59 };
  it.each([
    [deep, fast, true],
    [deep, slow, false],
    [shallow, fast, false],
    [shallow, slow, false],
  ])('needs speed and depth (%#)', (each, link, distribute) => {
    expect(trigger(each, link, 'input').distribute).toBe(distribute);
  });

  it('counts the channels of the side that is cut', () => {
    expect(trigger(shallow, fast, 'output').distribute).toBe(true);
    expect(trigger({ ...deep, outputChannels: 16 }, fast, 'output').deepEnough).toBe(false);
  });

  it('takes other rules', () => {
    expect(trigger(shallow, fast, 'input', { channels: 59 }).distribute).toBe(true);
    expect(trigger(deep, fast, 'input', { threshold: 3.4 }).distribute).toBe(true);
    expect(trigger(deep, fast, 'input', { threshold: 3.5 })).toMatchObject({
      distribute: false,
      fastEnough: false,
      deepEnough: true,
    });
  });
});

describe('the shares', () => {
  it('are uniform, or as the capacities', () => {
    expect(uniformPartition(10, 4).map(([start, end]) => end - start)).toEqual([3, 3, 2, 2]);
    expect(weightedPartition(12, [1e-9, 2e-9]).map(([start, end]) => end - start)).toEqual([8, 4]);
    expect(uniformPartition(2, 3).map(([start, end]) => end - start)).toEqual([1, 1, 0]);
  });
});

describe('a node as the paper sees it', () => {
  it('is a convolution or a fully connected layer', () => {
    const graph = inferTypes(
      graphOf(
        { x: [1, 4, 6, 6] },
        [
          nodeOf('Conv', ['x', 'w'], ['a'], { pads: [1, 1, 1, 1], strides: [2, 2] }),
          nodeOf('Conv', ['a', 'd'], ['b'], { group: 8 }),
          nodeOf('Flatten', ['b'], ['c']),
          nodeOf('Gemm', ['c', 'g'], ['y'], { transB: 1 }),
        ],
        { constants: { w: floats(8, 4, 3, 3), d: floats(8, 1, 1, 1), g: floats(5, 72) } },
      ),
    );
    const [conv, depthwise, flatten, gemm] = graph.nodes;
    expect(paperLayer(graph, conv!)).toEqual({
      kernelArea: 9,
      inputChannels: 4,
      outputChannels: 8,
      planeElements: 9,
    });
    expect(paperLayer(graph, depthwise!)).toBeUndefined();
    expect(paperLayer(graph, flatten!)).toBeUndefined();
    expect(paperLayer(graph, gemm!)).toEqual({
      kernelArea: 1,
      inputChannels: 72,
      outputChannels: 5,
      planeElements: 1,
    });
  });
});
