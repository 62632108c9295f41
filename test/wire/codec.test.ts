import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  decodeFrame,
  decodeJson,
  decodeMessage,
  encodeFrame,
  encodeJson,
  encodeMessage,
} from '../../src/wire/codec.ts';
import { CONTROL, type Control } from '../../src/wire/messages/control.ts';
import {
  INFER_CHUNK,
  type InferImageChunk,
  RESULT_CHUNK,
  type ResultEnd,
} from '../../src/wire/messages/inference.ts';
import { SHARD_CHUNK, type ShardChunk } from '../../src/wire/messages/shard-chunk.ts';
import { AGENT_STATUS } from '../../src/wire/messages/status.ts';

const header = {
  v: 1,
  dtype: 'float32',
  shape: [1, 2, 1, 1],
  request: 'r1',
  stage: 0,
  shard: 2,
  attempt: 0,
  tensor: 0,
  seq: 0,
  total: 1,
  offset: 0,
} as const;
const data = Uint8Array.of(0, 0, 128, 63, 0, 0, 0, 64);

function frame(extra: object = {}): Buffer {
  return encodeFrame<ShardChunk>({ ...header, ...extra }, data.length, (target) => target.set(data));
}

const malformed = (reason?: string | RegExp) =>
  expect.objectContaining({
    code: 'ISO_ERR_WIRE_MALFORMED',
    message: expect.stringMatching(reason ?? /./),
  });

describe('a frame', () => {
  it('carries a header and bytes, and the bytes are a view', () => {
    const payload = frame();
    const { header: got, bytes } = decodeFrame(SHARD_CHUNK, 't', payload);
    expect(got).toEqual({ ...header, crc32: got.crc32 });
    expect([...bytes]).toEqual([...data]);
    expect(bytes.buffer).toBe(payload.buffer);
  });

  it('may have no bytes', () => {
    const payload = encodeFrame<ResultEnd>({ v: 1, kind: 'end', tensors: 0 }, 0, () => {});
    expect(decodeFrame(RESULT_CHUNK, 't', payload).header).toMatchObject({ kind: 'end', crc32: 0 });
  });

  it('ignores fields that it does not know', () => {
    expect(decodeFrame(SHARD_CHUNK, 't', frame({ shine: { deep: [1] } })).header).not.toHaveProperty('shine');
  });

  it('leaves optional fields out', () => {
    expect(decodeFrame(SHARD_CHUNK, 't', frame({ times: null })).header).not.toHaveProperty('times');
    const times = { receiveMs: 1, waitMs: 0.5, computeMs: 12.25 };
    expect(decodeFrame(SHARD_CHUNK, 't', frame({ times })).header.times).toEqual(times);
  });

  it('tells another version of the protocol before it complains of fields', () => {
    expect(() => decodeFrame(SHARD_CHUNK, 'a/b', frame({ v: 2, shape: 'new' }))).toThrow(
      expect.objectContaining({
        code: 'ISO_ERR_WIRE_VERSION',
        message: expect.stringMatching(/a\/b .* version 2/),
      }),
    );
  });

  it.each([
    ['dtype', { dtype: 'complex64' }, /dtype is none of/],
    ['rank', { shape: new Array(9).fill(1) }, /shape has 9 items/],
    ['extent', { shape: [1, -1] }, /shape\[1\] is not an integer/],
    ['fraction', { seq: 0.5 }, /seq is not an integer/],
    ['huge total', { total: 1e9 }, /total is not an integer/],
    ['name', { request: 'a/#' }, /request is not a name/],
    ['missing', { stage: null }, /stage is not an integer/],
    ['NaN', { times: { receiveMs: Number.NaN, waitMs: 0, computeMs: 0 } }, /times.receiveMs is not a finite/],
    ['version text', { v: '1' }, /v is not 1/],
  ])('refuses a wrong field: %s', (_, extra, reason) => {
    expect(() => decodeFrame(SHARD_CHUNK, 't', frame(extra))).toThrow(malformed(reason));
  });

  it('refuses changed bytes', () => {
    const payload = frame();
    payload[payload.length - 1]! ^= 1;
    expect(() => decodeFrame(SHARD_CHUNK, 't', payload)).toThrow(malformed(/CRC-32/));
  });

  it('refuses every truncation, and bytes too many', () => {
    const payload = frame();
    for (let end = 0; end < payload.length; end += 1) {
      expect(() => decodeFrame(SHARD_CHUNK, 't', payload.subarray(0, end))).toThrow(malformed());
    }
    expect(() => decodeFrame(SHARD_CHUNK, 't', Buffer.concat([payload, Buffer.of(0)]))).toThrow(malformed());
  });

  it('survives any bytes with a coded error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        expect(() => decodeFrame(SHARD_CHUNK, 't', noise)).toThrow(malformed());
        expect(() => decodeMessage(CONTROL, 't', noise)).toThrow(malformed());
        expect(() => decodeJson(AGENT_STATUS, 't', noise)).toThrow(malformed());
      }),
    );
  });

  it('survives any one changed byte with a coded error or a header that passes the checks', () => {
    const payload = frame();
    fc.assert(
      fc.property(fc.nat(payload.length - 1), fc.integer({ min: 1, max: 255 }), (at, bits) => {
        const changed = Buffer.from(payload);
        changed[at]! ^= bits;
        try {
          decodeFrame(SHARD_CHUNK, 't', changed);
        } catch (error) {
          expect((error as { code: string }).code).toMatch(/^ISO_ERR_WIRE_/);
        }
      }),
    );
  });
});

describe('the scanner', () => {
  const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex');
  const inFrame = (value: string) => hex(`92 ${value} c400`);

  it.each([
    ['extension type', 'd4 00 00', /type 0xd4/],
    ['never-used type', 'c1', /type 0xc1/],
    ['depth', `${'91'.repeat(40)}c0`, /nested deeper than 8/],
    ['array of 2^32 items', 'dd ffffffff', /end too soon/],
    ['map of 2^32 items', 'df ffffffff', /key that is not/],
    ['text of 4 GiB', 'db ffffffff', /end too soon/],
    ['key that is a number', '81 01 02', /key that is not/],
    ['key that is nil', '81 c0 02', /key that is not/],
    ['prototype key', '81 a9 5f5f70726f746f5f5f 80', /__proto__/],
    ['prototype key, long form', '81 d909 5f5f70726f746f5f5f 80', /__proto__/],
    ['header that is no map', '01', /not an object/],
    ['too many values', `dc 4001 ${'c0'.repeat(0x4001)}`, /more than 16384 values/],
    ['header over 64 KiB', `da ffff ${'61'.repeat(0xffff)}`, /end too soon/],
  ])('refuses: %s', (_, value, reason) => {
    expect(() => decodeFrame(SHARD_CHUNK, 't', inFrame(value))).toThrow(malformed(reason));
  });

  it('takes every msgpack form of a number and a length', () => {
    const forms = [
      '01',
      'cc01',
      'cd0001',
      'ce00000001',
      'cf0000000000000001',
      'd001',
      'd10001',
      'd200000001',
    ];
    for (const form of [...forms, 'd30000000000000001', 'cb3ff0000000000000', 'ca3f800000']) {
      const payload = hex(
        `de0003 a176 ${form} d904 74797065 a4 70696e67 d907 7265706c794964 db00000002 6162`,
      );
      expect(decodeMessage(CONTROL, 't', payload)).toEqual({ v: 1, type: 'ping', replyId: 'ab' });
    }
  });

  it('takes raw bytes of all three widths', () => {
    const end = '84 a17601 a46b696e64 a3656e64 a774656e736f7273 00 a56372633332 00';
    for (const bin of ['c400', 'c50000', 'c600000000']) {
      expect(decodeFrame(RESULT_CHUNK, 't', hex(`92 ${end} ${bin}`)).bytes).toHaveLength(0);
    }
  });
});

describe('a message', () => {
  const deploy: Control = {
    v: 1,
    type: 'deploy',
    replyId: 'q1',
    deployment: 'd1',
    programs: [
      {
        stage: 0,
        shard: 1,
        program: { sha256: 'ab'.repeat(32), bytes: 900 },
        inputs: [{ tensor: 'x', dtype: 'float32', shape: [1, 3, 8, 8], shared: true }],
        outputs: [{ tensor: 'y', dtype: 'float32', shape: [1, 4, 8, 8] }],
        blobs: [{ sha256: 'cd'.repeat(32), bytes: 2 ** 33 }],
        standby: false,
      },
    ],
  };

  it('comes back as it was', () => {
    expect(decodeMessage(CONTROL, 't', encodeMessage(deploy))).toEqual(deploy);
  });

  it('names the place of what is wrong', () => {
    const wrong = structuredClone(deploy) as unknown as { programs: { inputs: { shared: unknown }[] }[] };
    wrong.programs[0]!.inputs[0]!.shared = 1;
    expect(() => decodeMessage(CONTROL, 't', encodeMessage(wrong))).toThrow(
      malformed(/as control, programs\[0\]\.inputs\[0\]\.shared is neither/),
    );
  });

  it('is refused when its type is unknown, even one that every object has', () => {
    for (const type of ['shutdown', 'constructor', 7]) {
      expect(() => decodeMessage(CONTROL, 't', encodeMessage({ v: 1, type }))).toThrow(
        malformed(/type is none of/),
      );
    }
  });

  it('is refused above its size', () => {
    expect(() => decodeMessage(CONTROL, 't', encodeMessage(deploy), 64)).toThrow(malformed(/more than 64/));
  });

  it('does not share memory with the encoder', () => {
    const first = encodeMessage({ v: 1, type: 'ping', replyId: 'a' });
    const copy = Buffer.from(first);
    for (let i = 0; i < 1000; i += 1) encodeMessage({ v: 1, type: 'ping', replyId: `b${i}` });
    expect(first.equals(copy)).toBe(true);
  });
});

describe('JSON', () => {
  const status = { v: 1, state: 'online', epoch: 7, version: '0.1.0' } as const;

  it('comes back as it was', () => {
    expect(decodeJson(AGENT_STATUS, 't', Buffer.from(encodeJson(status)))).toEqual(status);
  });

  it.each([
    ['no JSON', '{'],
    ['null', 'null'],
    ['a list', '[]'],
    ['bad UTF-8', Buffer.of(0x22, 0xff, 0x22)],
    ['too long', ' '.repeat(70_000)],
  ])('refuses %s', (_, payload) => {
    expect(() => decodeJson(AGENT_STATUS, 't', Buffer.from(payload as string))).toThrow(malformed());
  });

  it('keeps no inherited field', () => {
    const payload = Buffer.from(
      '{"v":1,"state":"online","epoch":1,"version":"1","__proto__":{"engine":"x"}}',
    );
    expect(decodeJson(AGENT_STATUS, 't', payload)).not.toHaveProperty('engine');
  });
});

describe('an inference request', () => {
  it('may be a picture', () => {
    const chunk = {
      v: 1,
      kind: 'image',
      seq: 0,
      total: 1,
      offset: 0,
      bytes: 3,
      options: { top: 5 },
    } as const;
    const payload = encodeFrame<InferImageChunk>(chunk, 3, (t) => t.fill(9));
    expect(decodeFrame(INFER_CHUNK, 't', payload).header).toMatchObject(chunk);
  });
});
