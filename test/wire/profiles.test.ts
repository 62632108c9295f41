import { describe, expect, it } from '@jest/globals';
import { assumedCompute, assumedLink } from '../../src/estimator/assumed.ts';
import type { MeasuredFleet } from '../../src/estimator/measured.ts';
import { decodeJson, decodeMessage, encodeJson, encodeMessage } from '../../src/wire/codec.ts';
import { CALIBRATION_RESULT } from '../../src/wire/messages/fleet.ts';
import { REPLY } from '../../src/wire/messages/reply.ts';
import { AGENT_PROFILE } from '../../src/wire/messages/status.ts';
import { coded } from '../support/code.ts';

const sound = assumedCompute(4);
const point = { macs: 1e6, secondsPerMac: 1e-9 };

/** An agent's answer whose profile has these fields instead. */
const answer = (fields: object) =>
  encodeMessage({ v: 1, type: 'calibrated', replyId: 'q', profile: { ...sound, ...fields } });
const conv = (...points: object[]) => ({ secondsPerMac: { conv: points } });

describe('a compute profile from an agent', () => {
  it('is taken as it is', () => {
    expect(decodeMessage(REPLY, 't', answer({}))).toMatchObject({ profile: sound });
  });

  const hostile: Record<string, object> = {
    'NaN seconds': { secondsPerRun: Number.NaN },
    'infinite seconds': { secondsPerRun: Number.POSITIVE_INFINITY },
    'negative seconds': { secondsPerByte: -1e-9 },
    'free bytes': { copySecondsPerByte: 0 },
    'a text for a number': { secondsPerByte: '1e-9' },
    'an absurd rate': { secondsPerByte: 1 },
    'no γ': { secondsPerMac: {} },
    'an empty γ': conv(),
    'NaN in a γ': conv({ ...point, secondsPerMac: Number.NaN }),
    'negative MACs': conv({ ...point, macs: -1 }),
    'an infinite spread': conv({ ...point, spread: Number.POSITIVE_INFINITY }),
    'points out of order': conv(point, { ...point, macs: 1e5 }),
    'a point twice': conv(point, point),
    'a huge list': conv(...Array.from({ length: 10_000 }, (_, at) => ({ ...point, macs: at + 1 }))),
    'a bad rate of a kind': { secondsPerByteOf: { pool: -1 } },
    'a bad message cost': { secondsPerMessage: 1e9 },
  };
  for (const [what, fields] of Object.entries(hostile)) {
    it(`is refused with ${what}`, () => {
      expect(() => decodeMessage(REPLY, 't', answer(fields))).toThrow(coded('ISO_ERR_WIRE_MALFORMED'));
    });
  }

  it('keeps no kind that we do not know, and no prototype', () => {
    const secondsPerMac = { ...sound.secondsPerMac, warp: [point], constructor: [point] };
    const reply = decodeMessage(REPLY, 't', answer({ secondsPerMac }));
    expect(reply).toMatchObject({ profile: sound });
    expect(JSON.stringify(reply)).not.toContain('warp');
  });

  it('is refused in the retained profile, too', () => {
    const profile = {
      ...{ v: 1, agent: 'a', cores: 4, memoryBytes: 1, weight: 1, platform: 'linux-arm64', node: '20.19.0' },
      ...{ engine: { name: 'e', version: '1', threads: 4 }, filterBytesReceived: 0, programs: 0 },
    };
    const decode = (compute: object) =>
      decodeJson(AGENT_PROFILE, 't', Buffer.from(encodeJson({ ...profile, compute })));
    expect(decode(sound).compute).toEqual(sound);
    expect(() => decode({ ...sound, secondsPerRun: null })).toThrow(coded('ISO_ERR_WIRE_MALFORMED'));
  });
});

describe('a fleet profile', () => {
  it('travels with all that was measured, for 64 agents', () => {
    const spread = 0.1;
    const way = { ...assumedLink().toAgent, spread };
    const link = { toAgent: way, fromAgent: way, busy: { toAgent: way, fromAgent: way }, wakeSeconds: 0.1 };
    const measured = {
      ...{ paper: { ...point, spread }, secondsPerByte: 0, secondsPerRun: 0 },
      ...{ copySecondsPerByte: 0, tookMs: 2000 },
    };
    const compute = { ...sound, secondsPerByteOf: { pool: 1e-9 }, measured };
    const fleet: MeasuredFleet = {
      master: { id: 'master', compute },
      agents: Array.from({ length: 64 }, (_, at) => ({ id: `pi-${at}`, compute, link })),
      broker: { kind: 'external', masterLink: link, port: { betaOut: 1e-9, betaIn: 1e-9 } },
      masterPort: { betaOut: 1e-9, betaIn: 1e-9 },
      sharedMedium: { beta: 1e-8 },
      chunkBytes: 524_288,
    };
    const message = { v: 1, type: 'calibrated', fleet };
    expect(decodeMessage(CALIBRATION_RESULT, 't', encodeMessage(message))).toEqual(message);
  });
});
