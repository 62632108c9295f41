import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CanRun } from '../../src/estimator/fleet-model.ts';
import { OBJECTIVES } from '../../src/planner/objective.ts';
import { MASTER } from '../../src/planner/plan.ts';
import { planGraph, STRATEGY_NAMES } from '../../src/planner/strategies.ts';
import { randomModel } from '../support/random-graph.ts';
import { orderFault, randomFleet } from './support.ts';

const OPERATORS = ['Conv', 'MaxPool', 'AveragePool', 'Relu', 'Clip', 'Add', 'Concat', 'PRelu'];
const strategy = fc.constantFrom(...STRATEGY_NAMES);
const objective = fc.constantFrom(...OBJECTIVES);
/** What each worker's engine cannot run, by its number; the master's is the last one. */
const refused = fc.array(fc.subarray(OPERATORS, { maxLength: 3 }), { minLength: 6, maxLength: 6 });

function canRunBut(lists: readonly (readonly string[])[]): CanRun {
  return (worker, node) => {
    const at = worker === MASTER ? lists.length - 1 : Number(worker.slice(1));
    return !lists[at]!.includes(node.op);
  };
}

describe('a plan for engines that differ', () => {
  it('gives no engine a node that it cannot run, or says that nobody can', () => {
    let planned = 0;
    let distributed = 0;
    fc.assert(
      fc.property(randomModel, randomFleet(5), strategy, objective, refused, ({ graph }, fleet, ...rest) => {
        const [strategy, objective, lists] = rest;
        const canRun = canRunBut(lists);
        const workers = [MASTER, ...fleet.agents.map(({ id }) => id)];
        const orphan = graph.nodes.find((node) => !workers.some((worker) => canRun(worker, node)));
        let plan: ReturnType<typeof planGraph>;
        try {
          plan = planGraph(graph, fleet, { strategy, objective, canRun });
        } catch (error) {
          expect(error).toMatchObject({ code: 'ISO_ERR_PLAN_OPERATOR' });
          expect(orphan).toBeDefined();
          return;
        }
        expect(orphan).toBeUndefined();
        expect(orderFault(graph, plan)).toBeUndefined();
        for (const { nodes, shards } of plan.stages) {
          for (const { worker } of shards) {
            distributed += worker === MASTER ? 0 : 1;
            expect(nodes.filter((node) => !canRun(worker, node))).toEqual([]);
          }
        }
        planned += 1;
      }),
      { numRuns: 300 },
    );
    expect(planned).toBeGreaterThan(50);
    expect(distributed).toBeGreaterThan(50);
  });

  it('cuts over those agents that can, not over none', () => {
    fc.assert(
      fc.property(randomModel, randomFleet(4), ({ graph }, fleet) => {
        fc.pre(fleet.agents.length > 1);
        const canRun: CanRun = (worker, node) => worker !== 'a0' || node.op !== 'Conv';
        const whole = planGraph(graph, fleet, { strategy: 'depth' });
        const plan = planGraph(graph, fleet, { strategy: 'depth', canRun });
        const cut = (stages: typeof plan.stages) => stages.filter(({ scheme }) => scheme !== 'local').length;
        expect(cut(plan.stages)).toBe(cut(whole.stages));
        const convolutions = plan.stages.filter(({ nodes }) => nodes.some(({ op }) => op === 'Conv'));
        const workers = convolutions.flatMap(({ shards }) => shards.map(({ worker }) => worker));
        expect(workers).not.toContain('a0');
      }),
      { numRuns: 60 },
    );
  });
});
