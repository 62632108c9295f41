import { afterEach, describe, expect, it } from '@jest/globals';
import { readManifest } from '../../src/formats/manifest.ts';
import type { HomeAssistantSettings } from '../../src/master/home-assistant.ts';
import { objectId } from '../../src/master/home-assistant-devices.ts';
import type { ServedModel } from '../../src/master/served-model.ts';
import type { MemoryHub } from '../../src/transport/memory-bus.ts';
import { CLUSTER, TestCluster } from '../support/cluster.ts';
import type { AnyJson } from '../support/json.ts';
import { smallModel } from '../support/small-model.ts';
import { until } from '../support/until.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function setUp(
  models: readonly ServedModel[],
  homeAssistant?: HomeAssistantSettings,
  before?: (hub: MemoryHub) => Promise<void>,
) {
  const cluster = new TestCluster();
  if (before) await before(cluster.hub);
  await cluster.start(models, 0, homeAssistant ? { homeAssistant } : {});
  ends.push(() => cluster.stop());
  // a model is announced when it is loaded
  if (homeAssistant?.discovery === 'on') {
    const { prefix = 'homeassistant' } = homeAssistant;
    await until(async () =>
      (await retained(cluster.hub, prefix)).has(`${prefix}/device/isobath_test_small/config`),
    );
  }
  return cluster;
}

/** All that is retained below the prefix. */
async function retained(hub: MemoryHub, prefix = 'homeassistant'): Promise<Map<string, AnyJson>> {
  const found = new Map<string, AnyJson>();
  const bus = hub.bus();
  await bus.start();
  await bus.subscribe(`${prefix}/#`, (topic, payload) => {
    if (payload.length > 0) found.set(topic, JSON.parse(Buffer.from(payload).toString()));
  });
  await bus.stop();
  return found;
}

async function publish(
  hub: MemoryHub,
  topic: string,
  payload: object | string,
  retain = true,
): Promise<void> {
  const bus = hub.bus();
  await bus.start();
  await bus.publish(topic, typeof payload === 'string' ? payload : JSON.stringify(payload), {
    qos: 1,
    retain,
  });
  await bus.stop();
}

const on = { discovery: 'on' } as const;
const FLEET = 'homeassistant/device/isobath_test/config';
const SMALL = 'homeassistant/device/isobath_test_small/config';

describe('discovery by Home Assistant', () => {
  it('is off by default', async () => {
    expect(await retained((await setUp([smallModel])).hub)).toEqual(new Map());
  });

  it('announces the fleet and each model as devices', async () => {
    const found = await retained((await setUp([smallModel], on)).hub);
    expect([...found.keys()]).toEqual([FLEET, SMALL]);
    for (const device of found.values()) {
      // what the documentation of the integration requires of a device's message
      expect(device.origin.name).toBe('Isobath');
      expect(device.device.identifiers).toHaveLength(1);
      const ids = Object.values<AnyJson>(device.components).map(({ unique_id }) => unique_id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const component of Object.values<AnyJson>(device.components)) {
        expect(component.platform).toMatch(/^(binary_)?sensor$/);
        expect(component.state_topic ?? device.state_topic).toMatch(/^isobath\/v1\/test\//);
        expect(component.value_template).toMatch(/^\{\{ .* \}\}$/);
      }
      expect(device.availability_topic).toBe('isobath/v1/test/master/status');
    }
    expect(found.get(SMALL).device.via_device).toBe(found.get(FLEET).device.identifiers[0]);
    expect(found.get(SMALL).components).not.toHaveProperty('result');
  });

  it('shows the last result of a classifier', async () => {
    const manifest = await readManifest('models/street/manifest.json');
    const found = await retained((await setUp([{ ...smallModel, manifest }], on)).hub);
    expect(found.get(SMALL).components.result.value_template).toContain('.label');
  });

  it('takes another prefix', async () => {
    const { hub } = await setUp([smallModel], { ...on, prefix: 'ha/own' });
    expect((await retained(hub, 'ha/own')).size).toBe(2);
    expect((await retained(hub)).size).toBe(0);
  });

  it('announces again when Home Assistant is born', async () => {
    const { hub } = await setUp([smallModel], on);
    await publish(hub, SMALL, '');
    await publish(hub, 'homeassistant/status', 'offline', false);
    expect((await retained(hub)).size).toBe(1);
    await publish(hub, 'homeassistant/status', 'online', false);
    await until(async () => (await retained(hub)).has(SMALL));
  });

  it('takes back what an earlier start announced and is served no more, and nothing of others', async () => {
    const ours = { origin: { name: 'Isobath' }, availability_topic: 'isobath/v1/test/master/status' };
    const others = new Map<string, object>([
      [
        'homeassistant/device/isobath_test_b_x/config',
        { ...ours, availability_topic: 'isobath/v1/test_b/master/status' },
      ],
      ['homeassistant/device/lamp/config', { origin: { name: 'Lamp' } }],
    ]);
    const { hub } = await setUp([smallModel], on, async (before) => {
      await publish(before, 'homeassistant/device/isobath_test_old/config', ours);
      for (const [topic, config] of others) await publish(before, topic, config);
    });
    const expected = [FLEET, SMALL, ...others.keys()].sort();
    await until(async () => [...(await retained(hub)).keys()].sort().join() === expected.join());
  });

  it('takes everything back when it is told to', async () => {
    const first = await setUp([smallModel], on);
    const announced = await retained(first.hub);
    const { hub } = await setUp([smallModel], { discovery: 'remove' }, async (before) => {
      for (const [topic, config] of announced) await publish(before, topic, config);
    });
    await until(async () => (await retained(hub)).size === 0);
  });
});

describe('objectId', () => {
  it('has only letters that Home Assistant takes, and is another one for another name', () => {
    const names = ['a.b', 'a_b', 'a-b', 'a', 'b'];
    const ids = names.flatMap((name) => [objectId(CLUSTER, name), objectId(name)]);
    for (const id of ids) expect(id).toMatch(/^[a-zA-Z0-9_-]+$/);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
