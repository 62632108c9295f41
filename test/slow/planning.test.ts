import { describe, expect, it } from '@jest/globals';
import { zooNames } from '../../src/zoo/zoo.ts';
import { better, LINKS, predictions, secondsByAgents } from '../planner/zoo-plans.ts';

describe('auto is predicted no slower than any other strategy, whatever the link and n', () => {
  const cases = LINKS.flatMap((link) => [1, 4, 16].map((agents) => ({ link, agents })));
  it.each(zooNames())(
    '%s',
    async (model) => {
      const worse: string[] = [];
      for (const { link, agents } of cases)
        worse.push(
          ...better(await predictions(model, agents, link)).map((line) => `${agents} at ${link}: ${line}`),
        );
      expect(worse).toEqual([]);
    },
    900_000,
  );
});

describe('auto is predicted no slower on twice the agents', () => {
  it.each([
    ['mobilenet-v2', '100mbit'],
    ['resnet18', '1gbit'],
  ])(
    '%s at %s',
    async (name, link) => {
      const seconds = await secondsByAgents(name, link);
      expect(seconds).toEqual(seconds.toSorted((a, b) => b - a));
    },
    900_000,
  );
});
