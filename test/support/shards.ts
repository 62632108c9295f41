import { crc32 } from 'node:zlib';
import { Deployment } from '../../src/agent/deployments.ts';
import type { CompiledProgram } from '../../src/engine/engine.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import type { ShardProgram } from '../../src/wire/messages/control.ts';
import { ALL_SHARDS, type ShardChunk } from '../../src/wire/messages/shard-chunk.ts';

/** A shard of four float32 in and out; inputs named `s...` come over the shared topic. */
export function specOf(
  stage: number,
  shard: number,
  inputs: readonly string[] = ['s'],
  standby = false,
): ShardProgram {
  const type = { dtype: 'float32', shape: [4] } as const;
  return {
    stage,
    shard,
    program: { sha256: '0'.repeat(64), bytes: 1 },
    inputs: inputs.map((tensor) => ({ tensor, ...type, shared: tensor.startsWith('s') })),
    outputs: [{ tensor: 'y', ...type }],
    blobs: [],
    standby,
  };
}

/** Gives its first input back. */
export const echo: CompiledProgram = {
  run: async (inputs) => ({
    outputs: [Tensor.float32([4], Float32Array.from(inputs[0]!.data as Float32Array))],
    computeMs: 1,
  }),
  dispose: async () => {},
};

export function deploymentOf(specs: readonly ShardProgram[], program: CompiledProgram = echo): Deployment {
  return new Deployment(
    'd',
    specs.map((spec) => ({ spec, program, legs: [] })),
  );
}

export const four = (value: number) => new Uint8Array(Float32Array.of(value, value, value, value).buffer);

/** A chunk of `four(value)`, whole unless `place` says otherwise. */
export function chunkOf(
  fields: Partial<ShardChunk> = {},
  bytes: Uint8Array = four(1),
): [ShardChunk, Uint8Array] {
  const chunk: ShardChunk = {
    v: 1,
    request: 'r1',
    stage: 0,
    shard: ALL_SHARDS,
    attempt: 0,
    tensor: 0,
    dtype: 'float32',
    shape: [4],
    seq: 0,
    total: 1,
    offset: 0,
    crc32: crc32(bytes),
    ...fields,
  };
  return [chunk, bytes];
}
