import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { simplify } from '../../src/graph/passes/index.ts';
import { chainPoints } from '../../src/partition/chain.ts';
import { type Run, runOf } from '../../src/partition/run.ts';
import type { Rates } from '../../src/partition/scheme.ts';
import { rows } from '../../src/partition/schemes/rows.ts';
import { rowsExchange } from '../../src/partition/schemes/rows-exchange.ts';
import { zooModel } from '../../src/zoo/zoo.ts';
import { coded } from '../support/code.ts';
import { EXCHANGE_IS_FREE } from '../support/legs.ts';
import { randomModel } from '../support/random-graph.ts';
import { coverageFault, pricedAgain, runAll, runShards } from '../support/run-shards.ts';

/** Of all runs of the graph that fit, the one with the most nodes. */
function longestFitting(graph: Graph): Run | undefined {
  const { nodes } = graph;
  for (let length = nodes.length; length > 1; length -= 1) {
    for (let from = 0; from + length <= nodes.length; from += 1) {
      const run = runOf(graph, nodes.slice(from, from + length));
      if (!rowsExchange.unfit(run)) return run;
    }
  }
  return undefined;
}

const zoo = (name: string) => inferTypes(simplify(inferTypes(zooModel(name).graph)));
const until = (graph: Graph, last: string) =>
  runOf(graph, graph.nodes.slice(0, 1 + graph.nodes.findIndex(({ outputs }) => outputs.includes(last))));
const even = (workers: number) => new Array<number>(workers).fill(1);

describe('rows with halo exchange', () => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  it('is bit-identical to the whole model, over random graphs that are exact', async () => {
    let exchanged = 0;
    const weights = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 2, maxLength: 6 });
    const rates = fc.constantFrom<Rates>(EXCHANGE_IS_FREE, {
      ...EXCHANGE_IS_FREE,
      message: 1e-7,
      byte: 1e-10,
    });
    await fc.assert(
      fc.asyncProperty(randomModel, weights, rates, async ({ graph, input }, shares, rate) => {
        const run = longestFitting(graph);
        if (!run) return;
        const cut = rowsExchange.cut(run, shares, rate);
        expect(coverageFault(run, cut)).toBeUndefined();
        const tensors = await runAll(engine, graph, new Map([['x', input]]));
        if (cut.some(({ shard }) => shard.legs)) exchanged += 1;
        const got = await runShards(engine, run, cut, tensors);
        for (const [name, { data }] of got) expect(same(data, tensors.get(name)!.data)).toBe(true);
      }),
      { numRuns: 150 },
    );
    expect(exchanged).toBeGreaterThan(40);
  });

  it('runs alone what the others are not needed for', async () => {
    await fc.assert(
      fc.asyncProperty(randomModel, async ({ graph, input }) => {
        const run = longestFitting(graph);
        if (!run) return;
        const cut = rowsExchange.cut(run, [2, 1, 1], EXCHANGE_IS_FREE);
        const alone = cut.map(({ worker, shard }) => ({ worker, shard: shard.alone ?? shard }));
        const tensors = await runAll(engine, graph, new Map([['x', input]]));
        const got = await runShards(engine, run, alone, tensors);
        for (const [name, { data }] of got) expect(same(data, tensors.get(name)!.data)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});

describe('exchange points', () => {
  const vgg = zoo('vgg16');
  const convolutions = until(vgg, vgg.nodes.findLast(({ op }) => op === 'MaxPool')!.outputs[0]!);

  it('lie where one feature map crosses: between the layers of VGG16, between the blocks of ResNet-50', () => {
    // 18 layers and pools, without the activations behind them and the first
    expect(chainPoints(convolutions)).toHaveLength(17);
    const resnet = zoo('resnet50');
    const body = runOf(
      resnet,
      resnet.nodes.slice(
        0,
        resnet.nodes.findIndex(({ op }) => op === 'GlobalAveragePool'),
      ),
    );
    const crossing = chainPoints(body).map(({ at }) => body.nodes[at]!);
    // none inside of a block: before the first pool, and at the 16 blocks
    expect(crossing).toHaveLength(17);
  });

  it('are taken where sending rows is cheaper than making them twice, and nowhere else', () => {
    const points = (rates: Partial<Rates>) =>
      (rowsExchange.cut(convolutions, even(4), { ...EXCHANGE_IS_FREE, ...rates })[0]!.shard.legs?.length ??
        1) - 1;
    expect(points({ message: 1 })).toBe(0);
    const free = points({});
    const dear = points({ message: 2e-2 });
    expect(free).toBeGreaterThan(10);
    expect(dear).toBeGreaterThan(0);
    expect(dear).toBeLessThan(free);
  });

  it('leave hardly anything to be made twice, and let the workers read less', () => {
    const macs = (cut: ReturnType<typeof rows.cut>) => cut.reduce((sum, { shard }) => sum + shard.macs, 0);
    const read = (cut: ReturnType<typeof rows.cut>) =>
      cut.reduce((sum, { shard }) => sum + shard.inputBytes.reduce((a, b) => a + b, 0), 0);
    const [whole] = rows.cut(convolutions, [1]);
    const fused = rows.cut(convolutions, even(7));
    const exchanged = rowsExchange.cut(convolutions, even(7), EXCHANGE_IS_FREE);
    expect(macs(exchanged)).toBe(whole!.shard.macs);
    expect(macs(fused)).toBeGreaterThan(1.3 * macs(exchanged));
    expect(read(exchanged)).toBeLessThan(read(fused));
  });

  it('a shard in legs is priced as all of them together', () => {
    for (const { shard } of rowsExchange.cut(convolutions, [3, 1, 2], EXCHANGE_IS_FREE)) {
      expect(shard.legs).toBeDefined();
      expect(shard).toMatchObject(pricedAgain(shard));
      expect(shard.filterBytes).toBe(shard.alone!.filterBytes);
    }
  });

  it('says why it cannot cut a run', () => {
    const [conv] = vgg.nodes;
    const single = runOf(vgg, [conv!]);
    expect(rowsExchange.unfit(single)).toContain('no place within it');
    expect(() => rowsExchange.cut(single, [1, 1])).toThrow(
      coded('ISO_ERR_SCHEME_UNFIT', 'no place within it'),
    );
  });
});

/** The same numbers; only the sign of a zero may differ. */
function same(a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>): boolean {
  return a.length === b.length && Array.prototype.every.call(a, (value, at) => value === b[at]);
}
