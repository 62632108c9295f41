import { describe, expect, it } from '@jest/globals';
import { requireFilter, requireTopic, topicMatches } from '../../src/transport/topic-match.ts';

describe('topicMatches', () => {
  it.each([
    ['a/b', 'a/b', true],
    ['a/b', 'a/b/c', false],
    ['a/b/c', 'a/b', false],
    ['a/+', 'a/b', true],
    ['a/+', 'a/', true],
    ['a/+', 'a', false],
    ['a/+/c', 'a/b/c', true],
    ['a/+/c', 'a/b/d', false],
    ['+', 'a', true],
    ['+', '/a', false],
    ['+/+', '/a', true],
    ['/+', '/a', true],
    ['#', 'a/b/c', true],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['a/#', 'ab', false],
    ['a/b/#', 'a', false],
    ['+/b/#', 'a/b/c/d', true],
    ['#', '$SYS/x', false],
    ['+/x', '$SYS/x', false],
    ['$SYS/#', '$SYS/x', true],
    ['$SYS/+', '$SYS/x', true],
    ['a/#', 'a/$SYS', true],
    ['A', 'a', false],
  ])('%s and %s: %s', (filter, topic, matches) => {
    expect(topicMatches(filter, topic)).toBe(matches);
  });
});

const invalid = expect.objectContaining({ code: 'ISO_ERR_TOPIC_INVALID' });

describe('requireFilter', () => {
  it.each(['a', '/', '#', '+', 'a/+/b', '+/#', '$share/g/a'])('takes %j', (filter) => {
    expect(() => requireFilter(filter)).not.toThrow();
  });
  it.each(['', 'a#', '#/a', 'a/+b', 'a+/b', 'a\0', 'x'.repeat(65_536)])('refuses %j', (filter) => {
    expect(() => requireFilter(filter)).toThrow(invalid);
  });
});

describe('requireTopic', () => {
  it.each(['', '+', 'a/#', 'a\0'])('refuses %j', (topic) => {
    expect(() => requireTopic(topic)).toThrow(invalid);
  });
});
