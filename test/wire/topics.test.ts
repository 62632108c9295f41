import { describe, expect, it } from '@jest/globals';
import { parseTopic } from '../../src/wire/parse-topic.ts';
import { Topics } from '../../src/wire/topics.ts';

const topics = new Topics('harbour');
const sha256 = 'ab'.repeat(32);

describe('Topics', () => {
  it.each([
    [topics.agentStatus('pi-1'), { kind: 'agent-status', agent: 'pi-1' }],
    [topics.agentProfile('pi-1'), { kind: 'agent-profile', agent: 'pi-1' }],
    [topics.control('pi-1'), { kind: 'control', agent: 'pi-1' }],
    [topics.reply('pi-1'), { kind: 'reply', agent: 'pi-1' }],
    [topics.probe('pi-1'), { kind: 'probe', agent: 'pi-1' }],
    [topics.probeReply('pi-1'), { kind: 'probe-reply', agent: 'pi-1' }],
    [topics.agentLoop('pi-1'), { kind: 'agent-loop', agent: 'pi-1' }],
    [topics.agentClaim('pi-1'), { kind: 'agent-claim', agent: 'pi-1' }],
    [topics.masterClaim(), { kind: 'master-claim' }],
    [topics.fleet(), { kind: 'fleet' }],
    [topics.masterLoop(), { kind: 'master-loop' }],
    [topics.calibrate('r_1'), { kind: 'calibrate', request: 'r_1' }],
    [topics.calibrated('r_1'), { kind: 'calibrated', request: 'r_1' }],
    [topics.blobGet(sha256, 'pi-1'), { kind: 'blob-get', sha256, agent: 'pi-1' }],
    [topics.blobPart(sha256, 'pi-1'), { kind: 'blob-part', sha256, agent: 'pi-1' }],
    [topics.ifm('d1', 'pi-1'), { kind: 'ifm', deployment: 'd1', agent: 'pi-1' }],
    [topics.halo('d1', 'pi-1'), { kind: 'halo', deployment: 'd1', agent: 'pi-1' }],
    [topics.sharedIfm('d1', 3), { kind: 'shared-ifm', deployment: 'd1', stage: 3 }],
    [topics.ofm('d1', 3, 0), { kind: 'ofm', deployment: 'd1', stage: 3, shard: 0 }],
    [topics.infer('vgg16', 'r_1'), { kind: 'infer', model: 'vgg16', request: 'r_1' }],
    [topics.result('vgg16', 'r_1'), { kind: 'result', model: 'vgg16', request: 'r_1' }],
    [topics.modelInfo('vgg16'), { kind: 'model-info', model: 'vgg16' }],
    [topics.modelState('vgg16'), { kind: 'model-state', model: 'vgg16' }],
    [topics.explain('vgg16', 'r_1'), { kind: 'explain', model: 'vgg16', request: 'r_1' }],
    [topics.explained('vgg16', 'r_1'), { kind: 'explained', model: 'vgg16', request: 'r_1' }],
    [topics.modelList(), { kind: 'model-list' }],
    [topics.agentList(), { kind: 'agent-list' }],
    [topics.events(), { kind: 'events' }],
    [topics.masterStatus(), { kind: 'master-status' }],
  ])('%s is parsed back', (topic, address) => {
    expect(parseTopic('harbour', topic)).toEqual(address);
    expect(parseTopic('other', topic)).toBeUndefined();
    expect(parseTopic('harbour', `${topic}/more`)).toBeUndefined();
  });

  it('separates an agent called all from the shared topic', () => {
    expect(topics.ifm('d1', 'all')).not.toBe(topics.sharedIfm('d1', 0));
    expect(parseTopic('harbour', topics.ifm('d1', 'all'))).toMatchObject({ kind: 'ifm', agent: 'all' });
  });

  it.each(['', 'a/b', '+', '#', 'a b', 'ü', 'x'.repeat(129), 'a\0b'])('refuses the name %j', (name) => {
    for (const build of [
      () => new Topics(name),
      () => topics.control(name),
      () => topics.ifm(name, 'pi'),
      () => topics.infer('vgg16', name),
      () => topics.blobGet(sha256, name),
    ]) {
      expect(build).toThrow(expect.objectContaining({ code: 'ISO_ERR_TOPIC_INVALID' }));
    }
  });

  it('refuses a hash or an index that is none', () => {
    for (const build of [
      () => topics.blobGet('AB'.repeat(32), 'pi'),
      () => topics.blobGet('ab', 'pi'),
      () => topics.ofm('d1', -1, 0),
      () => topics.ofm('d1', 0, 1.5),
      () => topics.sharedIfm('d1', 1e6),
    ]) {
      expect(build).toThrow(expect.objectContaining({ code: 'ISO_ERR_TOPIC_INVALID' }));
    }
  });

  it.each([
    'isobath/v2/harbour/master/status',
    'isobath/v1/harbour',
    'isobath/v1/harbour/',
    'isobath/v1/harbour/agents/pi/constructor',
    'isobath/v1/harbour/master/constructor',
    'isobath/v1/harbour/master/calibrate/a+b',
    'isobath/v1/harbour/master',
    'isobath/v1/harbour/shards/d/01/all/ifm',
    'isobath/v1/harbour/shards/d/-1/0/ofm',
    'isobath/v1/harbour/models/m/infer',
    '',
  ])('does not know %j', (topic) => {
    expect(parseTopic('harbour', topic)).toBeUndefined();
  });
});
