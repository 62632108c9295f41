import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FleetModel } from '../../src/estimator/fleet-model.ts';
import { travelling } from '../../src/estimator/travelling.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { simplify } from '../../src/graph/passes/index.ts';
import { isDistributed, type Plan } from '../../src/planner/plan.ts';
import { repriced } from '../../src/planner/repriced.ts';
import { planGraph, STRATEGY_NAMES } from '../../src/planner/strategies.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import { PRECISIONS } from '../../src/tensor/precision.ts';
import { zooModel } from '../../src/zoo/zoo.ts';
import { fleetOfWorkers } from '../support/fleet.ts';
import { randomModel } from '../support/random-graph.ts';

const graph = inferTypes(simplify(inferTypes(zooModel('squeezenet').graph)));
const fleet = fleetOfWorkers(['a', 'b', 'c', 'd'].map((id) => ({ id, weight: 1 })));
const bytesOf = ({ stages }: Plan) => stages.reduce((sum, { cost }) => sum + cost.bytes, 0);

describe('a plan over a narrower wire', () => {
  it.each(['output-depth', 'input-depth', 'depth-grid'])(
    'cut by %s, moves a half, or about a quarter',
    (scheme) => {
      const [wide, half, quarter] = PRECISIONS.map((wire) =>
        planGraph(graph, fleet, { strategy: 'depth', scheme, wire }),
      );
      expect(wide!.stages.some(isDistributed)).toBe(true);
      expect(bytesOf(half!)).toBe(bytesOf(wide!) / 2);
      expect(bytesOf(quarter!)).toBeGreaterThan(bytesOf(wide!) / 4);
      expect(bytesOf(quarter!)).toBeLessThan(bytesOf(wide!) / 3.8);
      expect(half!.predictedSeconds).toBeLessThan(wide!.predictedSeconds);
      expect(quarter!.predictedSeconds).toBeLessThan(half!.predictedSeconds);
    },
  );

  it.each(STRATEGY_NAMES)('by %s, is predicted, priced anew and simulated over the same wire', (strategy) => {
    for (const wire of PRECISIONS) {
      const plan = planGraph(graph, fleet, { strategy, wire });
      expect(plan.wire).toBe(wire);
      expect(repriced(plan, fleet)).toBeCloseTo(plan.predictedSeconds, 9);
      const { makespan } = simulate(plan, new FleetModel(fleet, plan));
      // branches run side by side, and wait for one another now and then
      expect(makespan).toBeLessThanOrEqual(plan.predictedSeconds * 1.01);
    }
  });

  it('distributes what a wide one leaves to the master', () => {
    const shares = PRECISIONS.map((wire) => {
      const { predictedSeconds } = planGraph(graph, fleet, { strategy: 'auto', wire });
      return predictedSeconds;
    });
    expect(shares[1]).toBeLessThan(shares[0]!);
  });

  it('counts what travels by the type of each tensor', () => {
    fc.assert(
      fc.property(randomModel, ({ graph: model }) => {
        const { stages } = planGraph(model, fleet, { strategy: 'depth' });
        for (const { shard } of stages.flatMap(({ shards }) => shards)) {
          const half = travelling(shard, 'float16');
          expect(half.inputBytes).toEqual(
            shard.inputBytes.map((bytes, at) => (shard.inputTypes[at] === 'float32' ? bytes / 2 : bytes)),
          );
          expect(half.macs).toBe(shard.macs);
          expect(travelling(shard, 'float32')).toBe(shard);
        }
      }),
      { numRuns: 25 },
    );
  });
});
