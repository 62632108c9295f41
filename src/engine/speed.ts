import { type Graph, inputTypeOf, type Node, subgraph } from '../graph/graph.ts';
import { inferTypes } from '../graph/infer.ts';
import { sizeOf } from '../tensor/region.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Engine } from './engine.ts';

/** A 3x3 convolution as the middle of VGG16 or ResNet has them: 0.46 GFLOP. */
const LAYER = { channels: 128, extent: 28, kernel: 3 };
const RUNS = { warm: 2, least: 3, most: 12 };
const BUDGET_MS = 250;

/** One convolution with pads of 1 and a bias, followed by Relu. */
export function convolutionLayer(
  inChannels: number,
  outChannels: number,
  extent: number,
  kernel: number,
): Graph {
  const shape = [outChannels, inChannels, kernel, kernel];
  const pad = (kernel - 1) / 2;
  const filters = Tensor.deferred('float32', shape, () => new Float32Array(sizeOf(shape)).fill(0.01));
  const ints = (value: readonly number[]) => ({ type: 'ints', value }) as const;
  const attributes = { kernel_shape: ints([kernel, kernel]), pads: ints([pad, pad, pad, pad]) };
  const base = { domain: '', outputs: ['c'] };
  const nodes: Node[] = [
    { ...base, name: 'conv', op: 'Conv', inputs: ['x', 'w', 'b'], attributes },
    { ...base, name: 'relu', op: 'Relu', inputs: ['c'], outputs: ['y'], attributes: {} },
  ];
  const initializers = new Map<string, Tensor>([
    ['w', filters],
    ['b', Tensor.zeros('float32', [outChannels])],
  ]);
  const types = new Map([['x', { dtype: 'float32' as const, shape: [1, inChannels, extent, extent] }]]);
  const whole = {
    name: 'convolution',
    opsets: { '': 13 },
    inputs: ['x'],
    outputs: ['y'],
    nodes,
    initializers,
    types,
  };
  return subgraph(inferTypes(whole), nodes, new Set(['y']), 'convolution');
}

/** Seconds of the engine for each run after the first ones; how many fit the budget, within bounds. */
export async function secondsOf(engine: Engine, graph: Graph, budgetMs = BUDGET_MS): Promise<number[]> {
  const inputs = graph.inputs.map((name) => {
    const { shape } = inputTypeOf(graph, name);
    return Tensor.float32(shape, new Float32Array(sizeOf(shape)).fill(0.5));
  });
  const program = await engine.compile(graph);
  try {
    for (let run = 0; run < RUNS.warm; run += 1) await program.run(inputs);
    const seconds: number[] = [];
    let spentMs = 0;
    while (seconds.length < RUNS.least || (spentMs < budgetMs && seconds.length < RUNS.most)) {
      const { computeMs } = await program.run(inputs);
      seconds.push(computeMs / 1000);
      spentMs += computeMs;
    }
    return seconds;
  } finally {
    await program.dispose();
  }
}

/** GFLOP/s of a started engine on a convolution, of its fastest run: others may use the machine meanwhile. */
export async function speedOf(engine: Engine): Promise<number> {
  const { channels, extent, kernel } = LAYER;
  const seconds = await secondsOf(engine, convolutionLayer(channels, channels, extent, kernel));
  const flop = 2 * channels * channels * kernel ** 2 * extent ** 2;
  return flop / Math.min(...seconds) / 1e9;
}
