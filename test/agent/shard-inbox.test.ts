import { describe, expect, it } from '@jest/globals';
import { ShardInbox, type ShardInboxOptions, type ShardJob } from '../../src/agent/shard-inbox.ts';
import type { ShardProgram } from '../../src/wire/messages/control.ts';
import type { ShardChunk } from '../../src/wire/messages/shard-chunk.ts';
import { coded } from '../support/code.ts';
import { chunkOf, deploymentOf, four, specOf } from '../support/shards.ts';

function inboxOf(specs: readonly ShardProgram[], options?: ShardInboxOptions) {
  const jobs: ShardJob[] = [];
  const inbox = new ShardInbox(deploymentOf(specs), (job) => jobs.push(job), options);
  const add = (fields: Partial<ShardChunk>, bytes?: Uint8Array) => inbox.add('t', ...chunkOf(fields, bytes));
  /** What ran: shard, first elements of its inputs, and whether it may take their memory. */
  const ran = () =>
    jobs.map(({ shard, inputs, exclusive }) => [
      shard.spec.shard,
      inputs.map(({ data }) => data[0]),
      exclusive,
    ]);
  return { inbox, jobs, add, ran };
}

describe('the inbox of a deployment', () => {
  it('runs each shard of the stage on a region that they share, and lets none take its memory', () => {
    const { add, ran, inbox } = inboxOf([specOf(0, 0), specOf(0, 2), specOf(1, 0)]);
    add({});
    expect(ran()).toEqual([
      [0, [1], false],
      [2, [1], false],
    ]);
    expect(inbox.heldBytes).toBe(0);
  });

  it('lets a shard take the memory of regions that it alone reads', () => {
    const { add, ran } = inboxOf([specOf(0, 3)]);
    add({});
    add({ request: 'r2', shard: 3, attempt: 1 }, four(2));
    expect(ran()).toEqual([
      [3, [1], true],
      [3, [2], true],
    ]);
  });

  it.each([[[0, 1]], [[1, 0]]])('waits for shared and own regions, in the order %j', (order) => {
    const { add, ran, inbox } = inboxOf([specOf(0, 0, ['s', 'own']), specOf(0, 1, ['s', 'own'])]);
    const parts = [() => add({}, four(1)), () => add({ shard: 1, tensor: 1 }, four(2))];
    for (const at of order) parts[at]!();
    expect(ran()).toEqual([[1, [1, 2], false]]);
    add({ shard: 0, tensor: 1 }, four(3));
    expect(ran()[1]).toEqual([0, [1, 3], false]);
    expect(inbox.heldBytes).toBe(0);
  });

  it('puts chunks together in any order', () => {
    const { add, ran } = inboxOf([specOf(0, 0)]);
    add({ seq: 1, total: 2, offset: 8 }, four(5).subarray(8));
    expect(ran()).toEqual([]);
    add({ seq: 0, total: 2 }, four(5).subarray(0, 8));
    expect(ran()).toEqual([[0, [5], true]]);
  });

  it('runs a shard once, however often its regions come', () => {
    const { add, ran, inbox } = inboxOf([specOf(0, 0, ['s', 'own']), specOf(0, 1)]);
    for (let copy = 0; copy < 3; copy += 1) add({});
    for (let copy = 0; copy < 3; copy += 1) add({ shard: 0, tensor: 1 });
    for (let copy = 0; copy < 3; copy += 1) add({});
    expect(ran().map(([shard]) => shard)).toEqual([1, 0]);
    expect(inbox.heldBytes).toBe(0);
  });

  it('takes another try for another run', () => {
    const { add, ran } = inboxOf([specOf(0, 0)]);
    add({});
    add({ shard: 0, attempt: 1 });
    add({ shard: 0, attempt: 1 });
    expect(ran()).toHaveLength(2);
  });

  it('leaves the shared topic to the planned holder: a standby wants all regions sent to it', () => {
    const { add, ran } = inboxOf([specOf(0, 0, ['s', 'own'], true)]);
    add({});
    add({ shard: 0, attempt: 1, tensor: 1 }, four(2));
    expect(ran()).toEqual([]);
    add({ shard: 0, attempt: 1, tensor: 0 }, four(3));
    expect(ran()).toEqual([[0, [3, 2], true]]);
  });

  it.each([
    ['another stage', { stage: 7 }],
    ['another shard', { shard: 7 }],
    ['another input', { tensor: 7 }],
    ['a later try for all', { attempt: 1 }],
  ])('ignores regions for %s', (_, fields) => {
    const { add, ran, inbox } = inboxOf([specOf(0, 0)]);
    add(fields);
    expect([ran(), inbox.heldBytes]).toEqual([[], 0]);
  });

  it.each([
    ['shape', { shape: [2, 2] }],
    ['type', { dtype: 'int32' }],
    ['size', { offset: 4 }],
    ['sequence', { seq: 1 }],
  ] as const)('refuses a region of another %s, and goes on', (_, fields) => {
    const { add, ran, inbox } = inboxOf([specOf(0, 0)]);
    expect(() => add(fields)).toThrow(coded('ISO_ERR_WIRE_MALFORMED'));
    expect(inbox.heldBytes).toBe(0);
    add({});
    expect(ran()).toHaveLength(1);
  });

  it('gives up the oldest of what waits in vain when it is too much', () => {
    const { add, ran, inbox } = inboxOf([specOf(0, 0, ['s', 'own'])], { maxBytes: 64 });
    for (let at = 0; at < 20; at += 1) add({ request: `r${at}` }, four(at));
    expect(inbox.heldBytes).toBeLessThanOrEqual(64);
    add({ request: 'r0', shard: 0, tensor: 1 });
    expect(ran()).toEqual([]);
    add({ request: 'r19', shard: 0, tensor: 1 }, four(1));
    expect(ran()).toEqual([[0, [19, 1], true]]);
  });

  it('gives up what came too long ago, chunks and all', () => {
    const { add, inbox } = inboxOf([specOf(0, 0, ['s', 'own'])], { maxAgeMs: -1 });
    add({ request: 'old' });
    add({ request: 'half', total: 2 }, four(1).subarray(0, 8));
    expect(inbox.heldBytes).toBe(16);
    add({ request: 'new' });
    expect(inbox.heldBytes).toBe(16);
  });

  it('remembers a bounded number of requests', () => {
    const { add, inbox } = inboxOf([specOf(0, 0, ['s', 'own'])]);
    for (let at = 0; at < 2000; at += 1) add({ request: `r${at}` });
    expect(inbox.heldBytes).toBe(512 * 16);
  });

  describe('of int8 regions', () => {
    const scales = new Uint8Array(Float32Array.of(0.5).buffer);
    const spec: ShardProgram = {
      ...specOf(0, 0),
      inputs: [{ tensor: 's', dtype: 'int8', shape: [4], scales: 1, shared: true }],
    };
    const int8 = { dtype: 'int8', shape: [4] } as const;

    it('gives the program the elements, and the scales behind them', () => {
      const { add, jobs } = inboxOf([spec]);
      add({ ...int8, scales, seq: 1, total: 2, offset: 2 }, Uint8Array.of(3, 253));
      add({ ...int8, scales, seq: 0, total: 2 }, Uint8Array.of(1, 2));
      const [elements, factors] = jobs[0]!.inputs;
      expect(elements!.data).toEqual(Int8Array.of(1, 2, 3, -3));
      expect([factors!.dtype, factors!.shape, [...(factors!.data as Float32Array)]]).toEqual([
        'float32',
        [],
        [0.5],
      ]);
    });

    it.each([
      ['none', {}],
      ['too many', { scales: new Uint8Array(8) }],
      ['half of one', { scales: new Uint8Array(2) }],
    ])('refuses those with %s', (_, fields) => {
      const { add, ran } = inboxOf([spec]);
      expect(() => add({ ...int8, ...fields }, new Uint8Array(4))).toThrow(
        coded('ISO_ERR_WIRE_MALFORMED', 'scales where 1 are expected'),
      );
      expect(ran()).toEqual([]);
    });

    it('refuses scales where none are expected', () => {
      const { add } = inboxOf([specOf(0, 0)]);
      expect(() => add({ scales })).toThrow(coded('ISO_ERR_WIRE_MALFORMED', '1 scales where 0 are expected'));
    });
  });
});
