import { crc32 } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { HaloInbox, type HaloInboxOptions } from '../../src/exchange/halo-inbox.ts';
import type { HaloGone, HaloPieceChunk, HaloTry } from '../../src/wire/messages/halo.ts';
import { coded } from '../support/code.ts';
import { four } from '../support/shards.ts';

const TRY: HaloTry = { request: 'r1', stage: 0, shard: 1, attempt: 0 };

/** Shard 1 of stage 0 reads four elements of shards 0 and 2 in its legs 1 and 2. */
function inboxOf(options: Partial<HaloInboxOptions> = {}) {
  const inbox = new HaloInbox({
    expect: ({ stage, shard, leg, from }) =>
      stage === 0 && shard === 1 && [1, 2].includes(leg) && [0, 2].includes(from)
        ? { dtype: 'float32', shape: [4] }
        : undefined,
    ...options,
  });
  const piece = (from: number, fields: Partial<HaloPieceChunk> = {}, bytes = four(from)) =>
    inbox.add(
      't',
      {
        ...{ v: 1, kind: 'piece', ...TRY, from, leg: 1, dtype: 'float32', shape: [4] },
        ...{ seq: 0, total: 1, offset: 0, crc32: crc32(bytes), ...fields },
      },
      bytes,
    );
  const gone = (from: number, fields: Partial<HaloGone> = {}) =>
    inbox.add('t', { v: 1, kind: 'gone', ...TRY, from, crc32: 0, ...fields }, new Uint8Array());
  const wait = async (leg = 1, from = [0, 2], of = TRY) =>
    (await inbox.wait(of, leg, from)).map(({ data }) => data[0]);
  return { inbox, piece, gone, wait };
}

describe('the inbox of halo pieces', () => {
  it('gives a leg its pieces in the order asked for, whether they came before or after', async () => {
    const { inbox, piece, wait } = inboxOf();
    piece(2);
    const first = wait();
    piece(0);
    expect(await first).toEqual([0, 2]);
    piece(0, { leg: 2 }, four(7));
    piece(2, { leg: 2 }, four(8));
    expect(await wait(2, [2, 0])).toEqual([8, 7]);
    expect(inbox.heldBytes).toBe(0);
  });

  it('puts chunks together in any order', async () => {
    const { piece, wait } = inboxOf();
    piece(0, { seq: 1, total: 2, offset: 8 }, four(5).subarray(8));
    piece(0, { seq: 0, total: 2 }, four(5).subarray(0, 8));
    expect(await wait(1, [0])).toEqual([5]);
  });

  it('never mixes tries, requests or legs', async () => {
    const { piece, wait } = inboxOf();
    piece(0, { attempt: 1 }, four(1));
    piece(0, { request: 'r2' }, four(2));
    piece(0, { leg: 2 }, four(3));
    const waiting = wait(1, [0]);
    piece(0, {}, four(4));
    expect(await waiting).toEqual([4]);
    expect(await wait(1, [0], { ...TRY, attempt: 1 })).toEqual([1]);
    expect(await wait(1, [0], { ...TRY, request: 'r2' })).toEqual([2]);
  });

  it('drops doubles, what no leg reads, and what comes after the end', async () => {
    const { inbox, piece, wait } = inboxOf();
    piece(0, {}, four(1));
    piece(0, {}, four(2));
    piece(1);
    piece(0, { leg: 3 });
    piece(0, { stage: 9 });
    expect(await wait(1, [0])).toEqual([1]);
    piece(2);
    inbox.end(TRY);
    expect(inbox.heldBytes).toBe(0);
    piece(0, { leg: 2 });
    expect(inbox.heldBytes).toBe(0);
  });

  it('refuses a piece of another shape or type', () => {
    const { piece } = inboxOf();
    for (const fields of [{ shape: [5] }, { dtype: 'int32' as const }, { shape: [2, 2] }])
      expect(() => piece(0, fields)).toThrow(coded('ISO_ERR_WIRE_MALFORMED', 'is expected'));
  });

  it('fails a leg whose piece will not come, before and while it waits, and no other', async () => {
    const { piece, gone, wait } = inboxOf();
    const waiting = wait();
    gone(2, { request: 'r2' });
    gone(2);
    await expect(waiting).rejects.toThrow(coded('ISO_ERR_HALO_MISSING', 'rows of shard 2'));
    gone(0, { request: 'r3' });
    await expect(wait(1, [0], { ...TRY, request: 'r3' })).rejects.toThrow(
      coded('ISO_ERR_HALO_MISSING', 'given'),
    );
    // one that is there already is as good as any
    piece(0, { request: 'r4' });
    gone(0, { request: 'r4' });
    expect(await wait(1, [0], { ...TRY, request: 'r4' })).toEqual([0]);
  });

  it('does not wait for ever', async () => {
    const { inbox } = inboxOf();
    await expect(inbox.wait(TRY, 1, [0], 1)).rejects.toThrow(coded('ISO_ERR_HALO_MISSING', 'within 1 ms'));
  });

  it('ends all waiting when the deployment ends', async () => {
    const { inbox, piece, wait } = inboxOf();
    const waiting = wait();
    piece(0);
    inbox.close();
    await expect(waiting).rejects.toThrow(coded('ISO_ERR_HALO_MISSING', 'the deployment ended'));
    await expect(wait()).rejects.toThrow(coded('ISO_ERR_HALO_MISSING', 'the deployment ended'));
    piece(2);
    expect(inbox.heldBytes).toBe(0);
  });

  it('holds no more than it may: the oldest tries are given up', async () => {
    const { inbox, piece, wait } = inboxOf({ maxBytes: 64 });
    const waiting = wait(1, [0, 2], { ...TRY, request: 'q0' });
    const failed = expect(waiting).rejects.toThrow(coded('ISO_ERR_HALO_MISSING', 'too many'));
    for (let at = 0; at < 20; at += 1) piece(0, { request: `q${at}` });
    await failed;
    expect(inbox.heldBytes).toBeLessThanOrEqual(64);
    expect(await wait(1, [0], { ...TRY, request: 'q19' })).toEqual([0]);
  });

  it('holds no unbounded number of tries that nobody began', () => {
    const { inbox, gone, piece } = inboxOf();
    for (let at = 0; at < 3000; at += 1) gone(0, { request: `q${at}` });
    for (let at = 0; at < 3000; at += 1) piece(0, { request: `p${at}` });
    expect(inbox.heldBytes).toBeLessThanOrEqual(512 * 16);
  });
});
