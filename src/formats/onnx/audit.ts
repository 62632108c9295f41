import { BinaryReader } from '@bufbuild/protobuf/wire';
import { WIRE } from './constants.ts';
import type { ReadContext } from './context.ts';

/** Messages that the protobuf library decodes at once, with the fields that hold further such messages. */
const NESTED: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  model: { 7: 'graph', 8: 'leaf', 25: 'function' },
  graph: { 1: 'node', 11: 'value', 12: 'value', 13: 'value' },
  node: { 5: 'attribute' },
  value: { 2: 'type' },
  type: { 1: 'tensorType' },
  tensorType: { 2: 'shape' },
  shape: { 1: 'leaf' },
  attribute: {},
  leaf: {},
  function: { 7: 'node', 9: 'leaf', 11: 'attribute' },
};

/** Fields that become views or are skipped: doc strings, tensors, subgraphs. They cost nothing. */
const FREE: Readonly<Record<string, readonly number[]>> = {
  model: [6, 14, 20, 26],
  graph: [5, 10, 14, 15, 16],
  node: [6, 9],
  attribute: [5, 6, 10, 11, 13, 14, 15, 22, 23],
  value: [3, 4],
  function: [8, 12, 14],
};

/**
 * Walks the wire format of a message without making objects and spends what its decoding would cost, so that a small
 * hostile file is refused before it is decoded into a large heap. The nesting is that of NESTED: bounded.
 */
export function audit(bytes: Uint8Array, message: 'model' | 'graph', context: ReadContext): void {
  const reader = new BinaryReader(bytes);
  walk(reader, reader.len, message, context);
}

function walk(reader: BinaryReader, end: number, message: string, context: ReadContext): void {
  const nested = NESTED[message]!;
  const free = FREE[message];
  while (reader.pos < end) {
    const [field, wire] = reader.tag();
    const start = reader.pos;
    const inner = wire === WIRE.bytes ? nested[field] : undefined;
    if (inner !== undefined) {
      const length = reader.uint32();
      const innerEnd = reader.pos + length;
      if (innerEnd > end)
        throw context.malformed(`a ${inner} ends past the end of the file, which is truncated`);
      context.spendStructure(1, 0);
      walk(reader, innerEnd, inner, context);
    } else {
      reader.skip(wire, field);
      context.spendStructure(1, free?.includes(field) ? 0 : reader.pos - start);
    }
  }
  if (reader.pos > end) throw context.malformed(`a field of a ${message} ends past it`);
}
