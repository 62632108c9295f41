import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ComputeModel } from '../../src/estimator/compute.ts';
import { loadFleet, parseFleet, shippedDevices } from '../../src/estimator/fleet-file.ts';
import { FleetModel } from '../../src/estimator/fleet-model.ts';
import {
  AMOUNT,
  BIT_RATE,
  BYTE_RATE,
  DURATION,
  type Quantity,
  SIZE,
  SPEED,
} from '../../src/estimator/quantities.ts';
import { fleetOf } from '../../src/estimator/sweep.ts';
import { coded } from '../support/code.ts';

const folder = new URL('../../config/fleets/', import.meta.url).pathname;
const shipped = readdirSync(folder).filter((file) => file !== 'devices.yaml');

describe('quantities', () => {
  it.each<[Quantity, string, number]>([
    [BIT_RATE, '100mbit', 1e8],
    [BIT_RATE, '1 Gbit/s', 1e9],
    [DURATION, '2ms', 2e-3],
    [DURATION, '300us', 3e-4],
    [DURATION, '1.5 s', 1.5],
    [SPEED, '20gflops', 2e10],
    [SIZE, '200MB', 2e8],
    [SIZE, '512KiB', 524_288],
    [BYTE_RATE, '4.5GB/s', 4.5e9],
    [AMOUNT, '100M', 1e8],
    [AMOUNT, '1e6', 1e6],
  ])('%# %s', (quantity, text, value) => {
    expect(quantity.read(text)).toBeCloseTo(value, 12);
  });

  it.each<[Quantity, string]>([
    [BIT_RATE, '100'],
    [BIT_RATE, '-1mbit'],
    [BIT_RATE, '100 mbyte'],
    [DURATION, '2m'],
    [SPEED, '20'],
    [SIZE, '1mbit'],
    [SIZE, '100'],
    [AMOUNT, ''],
  ])('%# refuses %s', (quantity, text) => {
    expect(quantity.read(text)).toBeUndefined();
  });
});

describe('the shipped fleets', () => {
  it.each(shipped)('%s is valid', async (file) => {
    const fleet = await loadFleet(folder + file);
    expect(fleet.agents.length).toBeGreaterThan(0);
    expect(new FleetModel(fleet).agents).toHaveLength(fleet.agents.length);
  });

  it('tell the source of every figure, or that it is assumed', () => {
    const lines = readFileSync(`${folder}devices.yaml`, 'utf8').split('\n');
    lines.forEach((line, at) => {
      if (!/^ +(conv|depthwise|memory|copy|run|message|filters):/.test(line)) return;
      const told = line.includes('#') ? line : lines.slice(0, at).findLast((each) => /^ +#|^\S/.test(each));
      expect(told).toMatch(/# .*\S/);
    });
  });

  it('has faster devices in the order of their generations', async () => {
    const devices = await shippedDevices();
    const work = [{ kind: 'conv3x3', macs: 1e8, bytes: 0, filterBytes: 0 } as const];
    const seconds = [
      'raspberry-pi-3',
      'raspberry-pi-4',
      'jetson-nano-cpu',
      'raspberry-pi-5',
      'x86-gateway',
    ].map((name) => new ComputeModel(devices.get(name)!.compute).seconds(work));
    expect(seconds).toEqual(seconds.toSorted((a, b) => b - a));
  });

  it('knows cables and air', async () => {
    const wifi = await loadFleet(`${folder}raspberry-pi-4-54mbit-wifi.yaml`);
    expect(wifi.sharedMedium!.beta).toBeCloseTo(8 / (54e6 * 0.42), 15);
    const mixed = new FleetModel(await loadFleet(`${folder}mixed.yaml`));
    expect(mixed.agents.map(({ id, onMedium }) => [id, onMedium])).toEqual([
      ['fast-1', false],
      ['fast-2', false],
      ['nano', false],
      ['old', false],
      ['roof', true],
      ['camera', true],
    ]);
    const eight = await loadFleet(`${folder}eight-agents.yaml`);
    expect(eight.broker.kind).toBe('external');
  });
});

describe('a fleet file', () => {
  it('tells every mistake at once', async () => {
    const text = `
devices:
  mine: { speed: { conv: [{ macs: 2, speed: 1gflops }, { macs: 1, speed: 3 }] }, memory: 0GB/s, color: red }
master: { device: pi }
agents:
  - { device: raspberry-pi-4, link: 100 }
  - { id: a b, device: raspberry-pi-4, link: { rate: 100mbit, payload: 2 }, count: 0 }
  - { id: master, device: raspberry-pi-4, link: 1gbit }
broker: somewhere
chunk: 10B
port: 1gbit
`;
    let message = '';
    try {
      parseFleet(text, 'f.yaml', await shippedDevices());
    } catch (error) {
      expect(error).toEqual(coded('ISO_ERR_FLEET_INVALID', 'f.yaml'));
      message = (error as Error).message;
    }
    const paths = message.split('\n- ').slice(1);
    const wanted = [
      'devices.mine.speed.conv[1].speed is 3, but must be like 20gflops',
      'devices.mine.speed.conv must be in rising order of macs',
      'devices.mine.memory must be above 0',
      'devices.mine.copy is missing; it must be like 4.5GB/s',
      'devices.mine.color is unknown',
      'master.device is pi; known are: ',
      'agents[0].link is 100, but must be a mapping',
      'agents[1].link.payload is 2, but must be the share',
      'agents[1].id must be letters',
      'agents[1].count is 0, but must be a number from 1 to 1024',
      "agents has the id master twice, or the master's",
      'broker is "somewhere", but must be a mapping',
      'chunk must be 1KiB at least',
      'port is unknown',
    ];
    for (const problem of wanted) expect(paths.filter((path) => path.startsWith(problem))).toHaveLength(1);
  });

  it('is refused where it is no YAML, and where it does not exist', async () => {
    expect(() => parseFleet('a: [', 'f.yaml')).toThrow(coded('ISO_ERR_FLEET_INVALID', 'f.yaml'));
    expect(() => parseFleet('', 'f.yaml')).toThrow(coded('ISO_ERR_FLEET_INVALID', 'must be a mapping'));
    await expect(loadFleet('/no/such.yaml')).rejects.toEqual(coded('ISO_ERR_CONFIG_UNREADABLE'));
  });
});

describe('a fleet of a sweep', () => {
  it('has n agents of one device on cables of one rate, or on one air', async () => {
    const pi = (await shippedDevices()).get('raspberry-pi-4')!;
    for (const agents of [0, 1, 64]) {
      for (const link of ['10mbit', '100mbit', '1gbit', 'wifi:54mbit']) {
        const fleet = fleetOf(pi, agents, link);
        expect(new FleetModel(fleet).agents).toHaveLength(agents);
        expect(fleet.sharedMedium === undefined).toBe(link !== 'wifi:54mbit');
      }
    }
    const { beta } = fleetOf(pi, 1, '100mbit').agents[0]!.link!.toAgent;
    expect(8 / beta).toBeCloseTo(94.15e6, -4);
    expect(() => fleetOf(pi, 1, 'fast')).toThrow(coded('ISO_ERR_FLEET_INVALID', 'fast'));
  });
});
