import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { bytesOf } from '../../src/tensor/tensor.ts';
import { seededNormals } from '../../src/zoo/normal.ts';
import { SeededFilters } from '../../src/zoo/seeded-filters.ts';
import { zooModel } from '../../src/zoo/zoo.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function moments(values: Float32Array) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const central = (power: number) =>
    values.reduce((sum, value) => sum + (value - mean) ** power, 0) / values.length;
  const variance = central(2);
  return { mean, variance, skew: central(3) / variance ** 1.5, kurtosis: central(4) / variance ** 2 };
}

describe('seeded normals', () => {
  it('are normal', () => {
    const count = 300_000;
    const { mean, variance, skew, kurtosis } = moments(seededNormals(1, 'filters', count, 2));
    // Four standard errors of each moment of a normal sample: chance alone passes them once in 16,000 samples.
    const bound = 4 / Math.sqrt(count);
    expect(Math.abs(mean / 2)).toBeLessThan(bound);
    expect(Math.abs(variance / 4 - 1)).toBeLessThan(bound * Math.sqrt(2));
    expect(Math.abs(skew)).toBeLessThan(bound * Math.sqrt(6));
    expect(Math.abs(kurtosis - 3)).toBeLessThan(bound * Math.sqrt(24));
  });

  it('have the share of large values that the normal distribution has', () => {
    const values = seededNormals(3, 'tail', 300_000, 1);
    const beyond = (limit: number) =>
      values.filter((value) => Math.abs(value) > limit).length / values.length;
    expect(beyond(1)).toBeCloseTo(0.3173, 2);
    expect(beyond(2)).toBeCloseTo(0.0455, 2);
    expect(beyond(3)).toBeCloseTo(0.0027, 3);
  });

  it('have neighbours that do not depend on each other', () => {
    const values = seededNormals(5, 'neighbours', 500_000, 1);
    for (const distance of [1, 2, 3, 64]) {
      let sum = 0;
      for (let at = distance; at < values.length; at += 1) sum += values[at]! * values[at - distance]!;
      expect(sum / values.length).toBeCloseTo(0, 2);
    }
  });

  it('depend on the seed and the name, and a longer array begins like a shorter one', () => {
    const values = seededNormals(1, 'a', 101, 1);
    expect(seededNormals(1, 'a', 101, 1)).toEqual(values);
    expect(seededNormals(1, 'a', 200, 1).subarray(0, 100)).toEqual(values.subarray(0, 100));
    expect(seededNormals(2, 'a', 101, 1)).not.toEqual(values);
    expect(seededNormals(1, 'b', 101, 1)).not.toEqual(values);
    expect(seededNormals(1, 'a', 0, 1)).toHaveLength(0);
  });

  it('stay the same from version to version', () => {
    expect([...seededNormals(1, 'conv1_1/filters', 4, 1)].map((value) => value.toFixed(5))).toEqual([
      '-0.70161',
      '-1.17673',
      '0.11918',
      '0.39209',
    ]);
  });
});

describe('seeded filters', () => {
  it('have the variance gain / fan-in', () => {
    const { variance } = moments(new SeededFilters(1).filters('f', [64, 64, 3, 3], 576, 2).data);
    expect(variance * 576).toBeCloseTo(2, 1);
  });

  it('have variances of at least one', () => {
    const { data } = new SeededFilters(1).variance('v', 4096);
    expect(Math.min(...data)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...data)).toBeLessThan(1.5);
  });

  it('keep what they produced while it is in use', () => {
    const tensor = new SeededFilters(1).filters('f', [8], 8, 2);
    expect(tensor.data.buffer).toBe(tensor.data.buffer);
  });

  it('hold its buffer no longer than others do', async () => {
    const tensor = new SeededFilters(1).filters('f', [1000], 8, 2);
    const produced = new WeakRef(tensor.data);
    const cut = tensor.data.subarray(4, 8);
    // A weak reference holds its target to the end of the task that read it.
    await setImmediate();
    collect();
    expect(produced.deref()).toBeUndefined();
    // A shard's view of the filters is a use of them.
    expect(tensor.data.buffer).toBe(cut.buffer);
  });

  it('make the same again when it is gone', async () => {
    const tensor = new SeededFilters(1).filters('f', [1000], 8, 2);
    const produced = new WeakRef(tensor.data.buffer);
    const first = tensor.data[999];
    await setImmediate();
    collect();
    expect(produced.deref()).toBeUndefined();
    expect(tensor.data[999]).toBe(first);
  });

  it('are the same in two models of one seed, in any order of reading', () => {
    const [one, two] = [zooModel('squeezenet', { seed: 7 }).graph, zooModel('squeezenet', { seed: 7 }).graph];
    const names = [...one.initializers.keys()];
    const read = new Map(names.toReversed().map((name) => [name, two.initializers.get(name)!.data]));
    const same = (name: string) =>
      Buffer.compare(bytesOf(one.initializers.get(name)!.data), bytesOf(read.get(name)!));
    expect(names.filter((name) => same(name) !== 0)).toEqual([]);
    const other = zooModel('squeezenet', { seed: 8 }).graph;
    expect(other.initializers.get('conv1/filters')!.data[0]).not.toBe(read.get('conv1/filters')![0]);
  });
});
