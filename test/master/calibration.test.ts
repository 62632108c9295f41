import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { MeasuredFleet, MeasuredLink } from '../../src/estimator/measured.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import type { FleetProfiles } from '../../src/master/fleet-profile.ts';
import { decodeJson, decodeMessage, encodeMessage, MAX_MESSAGE_BYTES } from '../../src/wire/codec.ts';
import { CALIBRATION_RESULT, FLEET_REPORT } from '../../src/wire/messages/fleet.ts';
import { AGENT_PROFILE } from '../../src/wire/messages/status.ts';
import { Topics } from '../../src/wire/topics.ts';
import { zooModel } from '../../src/zoo/zoo.ts';
import { CLUSTER, TestCluster } from '../support/cluster.ts';
import { PricedEngine } from '../support/priced-engine.ts';

const topics = new Topics(CLUSTER);
const graph = inferTypes(zooModel('squeezenet').graph);
const models = [{ name: 'squeezenet', graph, strategy: 'local' }];
const benchmark = { budgetMs: 0, longestMs: 5, maxProbeBytes: 2 ** 22 };

describe('a cluster that calibrates', () => {
  let cluster: TestCluster;
  beforeEach(() => {
    cluster = new TestCluster();
  });
  afterEach(() => cluster.stop());

  it('knows the speed of every device and link once its agents have joined', async () => {
    const agent = { calibration: 'start', benchmark } as const;
    await cluster.start(models, 0, { agent, benchmark, calibration: 'start' });
    for (const name of ['a', 'b']) await cluster.addAgent(name, agent);
    await changed(cluster.master.profiles, ({ agents }) => agents.length === 2 && agents.every(isMeasured));
    const { profile } = cluster.master.profiles;
    expectSound(profile);
    expect(profile.master.compute.measured).toBeDefined();
    expect(profile.broker).toEqual({ kind: 'embedded' });
    const retained = await retainedOn(cluster, topics.fleet());
    expect(decodeJson(FLEET_REPORT, 'fleet', retained, MAX_MESSAGE_BYTES).fleet.agents).toHaveLength(2);
  });

  it('calibrates when a client asks, all links together too', async () => {
    await cluster.start(models, 0, { agent: { benchmark }, benchmark });
    for (const name of ['a', 'b']) await cluster.addAgent(name, { benchmark });
    expect(cluster.master.profiles.profile.agents.every(isMeasured)).toBe(false);
    const bus = cluster.hub.bus();
    await bus.start();
    const answer = new Promise<Uint8Array>((resolve) => {
      void bus.subscribe(topics.calibrated('q1'), (_, payload) => resolve(payload));
    });
    await bus.publish(topics.calibrate('q1'), encodeMessage({ v: 1 }), { qos: 1 });
    const result = decodeMessage(CALIBRATION_RESULT, 'calibrated', await answer);
    await bus.stop();
    if (result.type !== 'calibrated') throw new Error(result.error.message);
    expectSound(result.fleet);
    expect(result.fleet.agents.map(({ id }) => id)).toEqual(['a', 'b']);
    for (const { link } of result.fleet.agents) expect(link?.busy?.toAgent.beta).toBeGreaterThanOrEqual(0);
    const profile = decodeJson(AGENT_PROFILE, 'profile', await retainedOn(cluster, topics.agentProfile('a')));
    expect(profile.compute?.measured).toBeDefined();
  });

  it('measures the way to a broker elsewhere apart', async () => {
    await cluster.start(models, 0, { broker: 'external', benchmark, calibration: 'start' });
    await cluster.addAgent('a');
    await changed(cluster.master.profiles, ({ agents }) => agents[0]?.link?.toAgent.spread !== undefined);
    const { broker } = cluster.master.profiles.profile;
    expect(broker).toMatchObject({
      kind: 'external',
      masterLink: { toAgent: { spread: expect.any(Number) } },
    });
  });
});

describe('the figures of a device', () => {
  const prices = { runMs: 0.01, wayMs: 0.1, msPerMac: () => 1e-7, msPerByte: 1e-7 };
  let cluster: TestCluster;
  afterEach(() => cluster.stop());

  it('survive a restart, and not a new version of the engine', async () => {
    cluster = new TestCluster();
    await cluster.start(models, 0);
    const start = async (version: string) => {
      const engine = new PricedEngine(prices);
      engine.version = version;
      const agent = await cluster.addAgent('a', {
        calibration: 'start',
        engine,
        benchmark: { now: engine.now },
      });
      const profile = decodeJson(AGENT_PROFILE, 'p', await retainedOn(cluster, topics.agentProfile('a')));
      await agent.stop();
      return { compiled: engine.compiled, compute: profile.compute };
    };
    const first = await start('1');
    const again = await start('1');
    const newer = await start('2');
    expect(first.compiled).toBeGreaterThan(10);
    expect(again.compiled).toBe(0);
    expect(again.compute).toEqual(first.compute);
    expect(newer.compiled).toBe(first.compiled);
  });

  it('are measured anew where the file is damaged', async () => {
    cluster = new TestCluster();
    await cluster.start(models, 0);
    const engine = new PricedEngine(prices);
    const options = { calibration: 'start', engine, benchmark: { now: engine.now } } as const;
    await (await cluster.addAgent('a', options)).stop();
    const { compiled } = engine;
    const file = join(cluster.directory, 'a', 'calibration.json');
    const stored = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...stored, profile: { ...stored.profile, secondsPerRun: -1 } }));
    await (await cluster.addAgent('a', options)).stop();
    expect(engine.compiled).toBe(2 * compiled);
  });
});

const isMeasured = ({ compute, link }: MeasuredFleet['agents'][number]) =>
  compute.measured !== undefined && link?.toAgent.spread !== undefined;

function expectSound({ master, agents }: MeasuredFleet): void {
  for (const { compute } of [master, ...agents]) {
    const { secondsPerMac, secondsPerByte, secondsPerRun, copySecondsPerByte, secondsPerMessage } = compute;
    const points = Object.values(secondsPerMac).flatMap((gamma) => gamma.map((point) => point.secondsPerMac));
    for (const value of [...points, secondsPerByte, secondsPerRun, copySecondsPerByte, secondsPerMessage]) {
      expect(value).toBeGreaterThan(0);
      expect(value).toBeLessThan(1);
    }
  }
  for (const { link } of agents) {
    const { toAgent, fromAgent } = link as MeasuredLink;
    for (const value of [toAgent.alpha, toAgent.beta, fromAgent.alpha, fromAgent.beta]) {
      expect(Number.isFinite(value) && value >= 0).toBe(true);
    }
    expect(toAgent.alpha).toBeGreaterThan(0);
  }
}

/** Resolves when the profile is as wanted. */
function changed(profiles: FleetProfiles, wanted: (fleet: MeasuredFleet) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const check = (fleet: MeasuredFleet) => {
      if (wanted(fleet)) resolve();
    };
    profiles.on('changed', check);
    check(profiles.profile);
  });
}

async function retainedOn(cluster: TestCluster, topic: string): Promise<Uint8Array> {
  const bus = cluster.hub.bus();
  await bus.start();
  const payload = await new Promise<Uint8Array>((resolve) => {
    void bus.subscribe(topic, (_, message) => resolve(message));
  });
  await bus.stop();
  return payload;
}
