import { describe, expect, it } from '@jest/globals';
import { better, predictions } from './zoo-plans.ts';

/** All models, links and n are in test/slow/planning.test.ts. */
describe('auto is predicted no slower than any other strategy', () => {
  it.each([
    ['vgg16', 4, '100mbit'],
    ['resnet18', 8, '1gbit'],
    ['mobilenet-v2', 2, '54mbit'],
    ['squeezenet', 4, '10mbit'],
    ['inception-v3', 1, '1gbit'],
  ])('%s on %i agents at %s', async (model, agents, link) => {
    expect(better(await predictions(model, agents, link))).toEqual([]);
  });

  it.each([
    ['vgg16', 4],
    ['squeezenet', 2],
  ])('and gains by a faster link: %s on %i agents', async (model, agents) => {
    const ms: number[] = [];
    for (const link of ['10mbit', '100mbit', '1gbit'])
      ms.push((await predictions(model, agents, link, ['auto'])).auto!);
    expect(ms).toEqual(ms.toSorted((a, b) => b - a));
  });
});
