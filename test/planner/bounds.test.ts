import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FleetModel } from '../../src/estimator/fleet-model.ts';
import { stageCost, stageSeconds } from '../../src/estimator/stage-cost.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { type Run, runOf } from '../../src/partition/run.ts';
import type { Assignment, Scheme } from '../../src/partition/scheme.ts';
import { SCHEMES } from '../../src/partition/schemes/index.ts';
import { boundariesOf } from '../../src/planner/boundaries.ts';
import { randomModel } from '../support/random-graph.ts';
import { deployed, randomFleet } from './support.ts';

/** Runs of up to `most` stretches. */
function runsOf(graph: Graph, most: number, step = 1): Run[] {
  const boundaries = boundariesOf(graph);
  const runs: Run[] = [];
  for (let from = 0; from < boundaries.length - 1; from += step)
    for (let to = from + 1; to < Math.min(boundaries.length, from + most + 1); to += step)
      runs.push(runOf(graph, graph.nodes.slice(boundaries[from], boundaries[to])));
  return runs.filter(({ outputs }) => outputs.length > 0 && outputs.every((name) => graph.types.has(name)));
}

const fitting = (run: Run) => Object.values(SCHEMES).filter((scheme) => !scheme.unfit(run));
function alike(count: number) {
  return randomFleet(1).map(
    (fleet) =>
      new FleetModel({
        ...fleet,
        agents: Array.from({ length: count }, (_, at) => ({ ...fleet.agents[0]!, id: `a${at}` })),
      }),
  );
}

const placed = (model: FleetModel, { worker, shard }: Assignment) => ({
  worker: model.agents[worker]!.id,
  shard,
});

describe('the sample of a cut over equal shares', () => {
  it('alone takes hardly longer than all shards of the cut', () => {
    const ratios: number[] = [];
    fc.assert(
      fc.property(randomModel, fc.integer({ min: 2, max: 9 }).chain(alike), ({ graph }, model) => {
        const weights = model.agents.map(() => 1);
        for (const run of runsOf(graph, 3)) {
          for (const scheme of fitting(run)) {
            const sample = scheme.sample?.(run, weights);
            if (!sample) continue;
            const cut = scheme.cut(run, weights);
            const whole = stageCost(
              model,
              cut.map((each) => placed(model, each)),
            ).seconds;
            const alone = stageSeconds(model, [placed(model, sample)]);
            ratios.push(alone / whole);
          }
        }
      }),
      { numRuns: 100, seed: 1 },
    );
    expect(ratios.length).toBeGreaterThan(100);
    // the search takes off a fifth
    expect(Math.max(...ratios)).toBeLessThan(1.25);
  });
});

describe('the rough cut over equal shares', () => {
  const ratioOf = (model: FleetModel, run: Run, scheme: Scheme) => {
    const weights = model.agents.map(() => 1);
    const [rough, cut] = [scheme.rough!(run, weights), scheme.cut(run, weights)].map(
      (shards) =>
        stageCost(
          model,
          shards.map((each) => placed(model, each)),
        ).seconds,
    );
    return rough! / cut!;
  };

  it('of a model of the zoo takes as long as the true one, but for a twentieth', () => {
    const ratios: number[] = [];
    const [model] = fc.sample(alike(16), { numRuns: 1, seed: 1 });
    for (const name of ['squeezenet', 'resnet18'])
      for (const run of runsOf(deployed(name), 9, 4))
        for (const scheme of fitting(run)) if (scheme.rough) ratios.push(ratioOf(model!, run, scheme));
    expect(ratios.length).toBeGreaterThan(30);
    expect(Math.max(...ratios)).toBeLessThan(1.05);
  });
});
