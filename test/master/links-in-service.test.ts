import { afterEach, describe, expect, it } from '@jest/globals';
import { assumedLink } from '../../src/estimator/assumed.ts';
import { FleetModel, RESOURCE } from '../../src/estimator/fleet-model.ts';
import { shardTerms } from '../../src/estimator/stage-cost.ts';
import { isDistributed, type Plan } from '../../src/planner/plan.ts';
import { repricedPlan } from '../../src/planner/repriced.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { GraphBuilder } from '../../src/zoo/builder.ts';
import { TestCluster } from '../support/cluster.ts';

const SHAPE = [1, 256, 14, 14];
const inputs = new Map([['image', Tensor.float32(SHAPE, new Float32Array(50_176).fill(0.5))]]);

function deepModel() {
  const builder = new GraphBuilder('deep', 3);
  let tensor = builder.input('image', SHAPE);
  for (const layer of [1, 2])
    tensor = builder.conv(`conv${layer}`, tensor, { channels: 256, kernel: 3, pad: 1 });
  return builder.build([tensor]);
}

const model = { name: 'deep', graph: deepModel(), strategy: 'auto' };
const workersOf = ({ stages }: Plan) =>
  new Set(stages.filter(isDistributed).flatMap(({ shards }) => shards.map(({ worker }) => worker)));

/** Milliseconds of a message on a link as nobody measured it, `factor` times. */
const onLink = (bytes: number, factor: number) => {
  const { alpha, beta } = assumedLink().toAgent;
  return bytes < 2000 ? 0 : 1000 * factor * (alpha + beta * bytes);
};

describe('links in service', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.stop());

  it('a link that becomes ten times slower is left alone by the next plan', async () => {
    cluster = await new TestCluster().start([model], 3);
    const { plan } = cluster.master.deployment('deep')!;
    expect(workersOf(plan)).toContain('agent-1');
    const slow = cluster.agents.get('agent-1')!.bus;
    cluster.hub.delayMs = (topic, bytes, to) =>
      topic.includes('/ifm') ? onLink(bytes, to === slow ? 10 : 1) : 0;
    const moved = new Promise<Plan>((resolve) => {
      cluster.master.on('deployed', ({ deployment }) => {
        if (!workersOf(deployment.plan).has('agent-1')) resolve(deployment.plan);
      });
    });
    let next: Plan | undefined;
    void moved.then((found) => {
      next = found;
    });
    for (let run = 0; run < 60 && !next; run += 1) await cluster.master.infer('deep', `r${run}`, inputs);
    await moved;
    const { agents } = cluster.master.profiles.profile;
    const way = (id: string) => agents.find((agent) => agent.id === id)!.link!.toAgent.beta;
    expect(way('agent-1')).toBeGreaterThan(3 * way('agent-0'));
    expect(cluster.master.profiles.isCorrected).toBe(true);
  });

  it('one that is noisy moves nothing', async () => {
    cluster = await new TestCluster().start([model], 3);
    const { master } = cluster;
    const first = master.deployment('deep')!;
    const { profiles } = master;
    const fleet = new FleetModel(profiles.profile);
    let moves = 0;
    master.on('deployed', () => {
      moves += 1;
    });
    const before = profiles.profile;
    for (const stage of first.plan.stages.filter(isDistributed)) {
      const terms = shardTerms(fleet, stage.shards);
      for (let request = 0; request < 200; request += 1) {
        for (const [index, { transmit, receive }] of terms.entries()) {
          // every third message is held up by far, and the others scatter around the truth
          const noise = request % 3 === 0 ? 12 : request % 2 === 0 ? 1.3 : 1 / 1.3;
          const seconds = (transmit + receive) * noise;
          profiles.observeWay(stage, index, { seconds, receiveSeconds: 0, chunks: 1, wire: 'float32' });
        }
      }
    }
    await profiles.settled();
    expect(profiles.profile).toEqual(before);
    expect([moves, master.deployment('deep')]).toEqual([0, first]);
  });

  it('a loop that is busy for longer than was known makes messages of the master longer, and links no slower', async () => {
    cluster = await new TestCluster().start([model], 3);
    const { profiles } = cluster.master;
    const { plan } = cluster.master.deployment('deep')!;
    const costs = repricedPlan(plan, new FleetModel(profiles.measured, plan));
    const loop = costs.stages.reduce((sum, { cost }) => sum + cost.busy[RESOURCE.masterLoop]!, 0);
    const before = profiles.measured.master.compute.secondsPerMessage!;
    for (let run = 0; run < 9; run += 1) profiles.observeStages(plan, [], 20 * loop);
    expect(profiles.profile.master.compute.secondsPerMessage! / before).toBeCloseTo(20, 6);
    // ways that take as long as they must with such a loop
    const slow = new FleetModel(profiles.profile);
    for (let run = 0; run < 30; run += 1) {
      for (const stage of plan.stages.filter(isDistributed)) {
        const terms = shardTerms(slow, stage.shards);
        const own = Math.min(...terms.map(({ partition }) => partition));
        const joining = Math.min(...terms.map(({ join }) => join));
        for (const [index, { partition, transmit, receive, join }] of terms.entries()) {
          const seconds = partition - own + transmit + receive + join - joining;
          profiles.observeWay(stage, index, { seconds, receiveSeconds: 0, chunks: 1, wire: 'float32' });
        }
      }
    }
    const { agents } = profiles.profile;
    for (const { link } of agents) expect(link!.toAgent.alpha).toBeCloseTo(assumedLink().toAgent.alpha, 9);
  });
});
