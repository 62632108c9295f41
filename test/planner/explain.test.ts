import { describe, expect, it } from '@jest/globals';
import { shippedDevices } from '../../src/estimator/fleet-file.ts';
import { FleetModel } from '../../src/estimator/fleet-model.ts';
import { fleetOf } from '../../src/estimator/sweep.ts';
import { Explainer } from '../../src/planner/explain.ts';
import { planGraph, STRATEGY_NAMES } from '../../src/planner/strategies.ts';
import { deployed } from './support.ts';

const device = (await shippedDevices()).get('raspberry-pi-4')!;
const graph = deployed('squeezenet');

function explained(strategy: string, link: string) {
  const fleet = fleetOf(device, 4, link);
  return new Explainer(graph, new FleetModel(fleet)).explain(planGraph(graph, fleet, { strategy }));
}

describe('an explained plan', () => {
  it.each(STRATEGY_NAMES)('of %s tells of every layer once, and adds up', (strategy) => {
    const { plan, stages, speedup, bytes, messages, localSeconds } = explained(strategy, '1gbit');
    const layers = stages.flatMap((stage) => stage.layers.map(({ node }) => node.name));
    expect(layers.toSorted()).toEqual(
      graph.nodes
        .filter(({ op }) => op === 'Conv')
        .map(({ name }) => name)
        .toSorted(),
    );
    expect(speedup).toBeCloseTo(localSeconds / plan.predictedSeconds, 12);
    expect(bytes).toBe(stages.reduce((sum, { stage }) => sum + stage.cost.bytes, 0));
    expect(messages).toBe(stages.reduce((sum, { stage }) => sum + stage.cost.messages, 0));
    for (const { agents, reason, stage } of stages) {
      const words = agents.length > 0 ? ' moves ' : 'stays at the master';
      expect(reason).toContain(words);
      expect(agents.length > 0).toBe(stage.scheme !== 'local');
    }
  });

  it('of the master alone takes what the master takes', () => {
    const { speedup, bytes, messages, stages } = explained('local', '100mbit');
    expect([speedup, bytes, messages, stages.length]).toEqual([1, 0, 0, 1]);
  });

  it('says of a local layer what its best cut would take', () => {
    const { stages } = explained('auto', '10mbit');
    const local = stages.filter(({ agents }) => agents.length === 0);
    const alternatives = local.flatMap(({ layers }) => layers.map(({ alternative }) => alternative!));
    expect(alternatives.length).toBeGreaterThan(0);
    for (const { cut, localSeconds } of alternatives) expect(cut!.cost.seconds).toBeGreaterThan(localSeconds);
    expect(local[0]!.reason).toMatch(
      /^stays at the master: the best cut.*, would take [\d.]+ ms against [\d.]+ ms$/,
    );
  });

  it('says that a rule distributes at a loss', () => {
    const { stages, speedup } = explained('depth', '10mbit');
    expect(speedup).toBeLessThan(1);
    expect(stages.map(({ reason }) => reason).join('\n')).toContain('where the master alone would need');
  });
});
