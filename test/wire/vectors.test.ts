import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { decodeFrame, decodeMessage, encodeFrame, encodeMessage } from '../../src/wire/codec.ts';
import { BLOB_GET, BLOB_PART } from '../../src/wire/messages/blob.ts';
import type { MessageKind } from '../../src/wire/messages/common.ts';
import { CONTROL } from '../../src/wire/messages/control.ts';
import { CALIBRATION_REQUEST, CALIBRATION_RESULT } from '../../src/wire/messages/fleet.ts';
import { HALO_CHUNK } from '../../src/wire/messages/halo.ts';
import { INFER_CHUNK, RESULT_CHUNK } from '../../src/wire/messages/inference.ts';
import { PROBE, PROBE_REPLY } from '../../src/wire/messages/probe.ts';
import { REPLY } from '../../src/wire/messages/reply.ts';
import { SHARD_CHUNK } from '../../src/wire/messages/shard-chunk.ts';
import { parseTopic } from '../../src/wire/parse-topic.ts';

type Sealed = { readonly crc32: number };
const frames = [
  SHARD_CHUNK,
  HALO_CHUNK,
  BLOB_PART,
  INFER_CHUNK,
  RESULT_CHUNK,
  PROBE,
  PROBE_REPLY,
] as unknown as MessageKind<Sealed>[];
const messages: MessageKind<object>[] = [BLOB_GET, CONTROL, REPLY, CALIBRATION_REQUEST, CALIBRATION_RESULT];

const page = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
const vectors = [...page.matchAll(/```vector\n([^`]*)```/g)].map(([, body]) => {
  const [head, payload] = body!.split('payload:\n') as [string, string];
  const fields = Object.fromEntries(head.split('\n').map((line) => line.split(/:\s*(.*)/, 2)));
  return { ...fields, payload: Buffer.from(payload.replace(/\s/g, ''), 'hex') } as unknown as {
    kind: string;
    topic: string;
    header?: string;
    message?: string;
    bytes?: string;
    payload: Buffer;
  };
});

/** Raw bytes inside a header are written `hex:00ff`. */
function withBytes(_: string, value: unknown): unknown {
  return typeof value === 'string' && value.startsWith('hex:') ? Buffer.from(value.slice(4), 'hex') : value;
}

describe('docs/protocol.md', () => {
  it('has vectors of every kind', () => {
    const kinds = new Set(vectors.map(({ kind }) => kind));
    expect(kinds).toEqual(new Set([...frames, ...messages].map(({ name }) => name)));
  });

  for (const [at, { kind, topic, header, message, bytes, payload }] of vectors.entries()) {
    it(`is right about vector ${at}, a ${kind}`, () => {
      expect(parseTopic('lab', topic)).toBeDefined();
      if (header === undefined) {
        const fields = JSON.parse(message!);
        expect(encodeMessage(fields).toString('hex')).toBe(payload.toString('hex'));
        expect(decodeMessage(messages.find(({ name }) => name === kind)!, topic, payload)).toEqual(fields);
      } else {
        const fields = JSON.parse(header, withBytes);
        const raw = Buffer.from(bytes ?? '', 'hex');
        const encoded = encodeFrame<Sealed>(fields, raw.length, (target) => target.set(raw));
        expect(encoded.toString('hex')).toBe(payload.toString('hex'));
        const frame = decodeFrame(frames.find(({ name }) => name === kind)!, topic, payload);
        const { scales } = frame.header as { scales?: Uint8Array };
        const own = scales ? { scales: Buffer.from(scales) } : {};
        expect({ ...frame.header, ...own }).toEqual({ ...fields, crc32: frame.header.crc32 });
        expect(Buffer.from(frame.bytes).equals(raw)).toBe(true);
      }
    });
  }
});
