import { readFileSync } from 'node:fs';
import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from '@jest/globals';
import { IsobathError } from '../../../src/base/errors.ts';
import { readOnnx, writeOnnx } from '../../../src/formats/onnx/index.ts';
import {
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  TensorProtoSchema,
} from '../../../src/formats/onnx/onnx_pb.ts';
import type { Graph } from '../../../src/graph/graph.ts';
import { inferTypes } from '../../../src/graph/infer.ts';
import { filterBytesOf, macsOf } from '../../../src/graph/macs.ts';
import { simplify } from '../../../src/graph/passes/index.ts';
import { dataPath, describeWithData } from '../../support/data.ts';
import { model, node } from '../../support/onnx-model.ts';

/** All that is done to a model before it runs. What is thrown on the way must carry a code. */
function prepare(bytes: Uint8Array): Graph | IsobathError {
  try {
    const graph = inferTypes(simplify(inferTypes(readOnnx(bytes, { file: 'hostile.onnx' }))));
    for (const each of graph.nodes) macsOf(graph, each) + filterBytesOf(graph, each);
    if ([...graph.initializers.values()].every((tensor) => tensor.size < 1e6)) writeOnnx(graph);
    return graph;
  } catch (error) {
    if (error instanceof IsobathError) return error;
    throw error;
  }
}

function codeOf(bytes: Uint8Array): string {
  const result = prepare(bytes);
  return result instanceof IsobathError ? result.code : 'read';
}

/** A small generator, so that a failure can be repeated. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describeWithData('a damaged file', () => {
  const files = ['mnist/model.onnx', 'onnx-light/light_inception_v1.onnx'];

  it.each(files)('%s, cut off anywhere, is refused with a code', (file) => {
    const bytes = readFileSync(dataPath(file));
    for (let at = 0; at < 300; at += 1) {
      const code = codeOf(bytes.subarray(0, Math.floor((bytes.length * at) / 300)));
      expect(code).toMatch(/^ISO_ERR_MODEL_MALFORMED$/);
    }
  });

  it.each(files)('%s, with bytes changed at random, is read or refused with a code', (file) => {
    const bytes = readFileSync(dataPath(file));
    const random = generator(7);
    for (let round = 0; round < 600; round += 1) {
      const damaged = Uint8Array.from(bytes);
      const changes = 1 + Math.floor(random() * 8);
      for (let i = 0; i < changes; i += 1) {
        damaged[Math.floor(random() ** 2 * damaged.length)] = Math.floor(random() * 256);
      }
      expect(codeOf(damaged)).toMatch(/^(ISO_ERR_\w+|read)$/);
    }
  });

  it('of random bytes is refused with a code', () => {
    const random = generator(3);
    for (let round = 0; round < 500; round += 1) {
      const bytes = Uint8Array.from({ length: Math.floor(random() * 200) }, () => random() * 256);
      expect(codeOf(bytes)).toMatch(/^ISO_ERR_\w+$/);
    }
  });
});

describe('a hostile model', () => {
  const relu = node('Relu', ['x'], ['y']);

  it('that declares a huge constant is refused before anything is allocated', () => {
    const dims = [2n ** 31n, 4n];
    const initializer = [
      toBinary(TensorProtoSchema, create(TensorProtoSchema, { name: 'w', dims, dataType: 1 })),
    ];
    expect(codeOf(model({ node: [relu], initializer }))).toBe('ISO_ERR_MODEL_TOO_LARGE');
    const small = { name: 'w', dims: [2n ** 20n], dataType: 1 };
    const missing = [toBinary(TensorProtoSchema, create(TensorProtoSchema, small))];
    expect(codeOf(model({ node: [relu], initializer: missing }))).toBe('ISO_ERR_MODEL_MALFORMED');
  });

  it('that makes a huge tensor is refused', () => {
    const ints = node('Constant', [], ['s'], { value_ints: { type: 7, ints: [2n ** 20n, 2n ** 20n] } });
    const huge = node('ConstantOfShape', ['s'], ['c']);
    const add = node('Add', ['x', 'c'], ['y']);
    expect(codeOf(model({ node: [ints, huge, add] }, 13))).toBe('ISO_ERR_MODEL_TOO_LARGE');
  });

  it('with a cycle, a tensor made twice or one that nothing makes is refused', () => {
    const cycle = [node('Add', ['x', 'b'], ['a']), node('Relu', ['a'], ['b']), node('Relu', ['b'], ['y'])];
    expect(codeOf(model({ node: cycle }))).toBe('ISO_ERR_MODEL_MALFORMED');
    expect(codeOf(model({ node: [relu, relu] }))).toBe('ISO_ERR_MODEL_MALFORMED');
    expect(codeOf(model({ node: [node('Relu', ['z'], ['y'])] }))).toBe('ISO_ERR_MODEL_MALFORMED');
    expect(codeOf(model({ node: [node('Relu', ['x'], ['z'])] }))).toBe('ISO_ERR_MODEL_MALFORMED');
  });

  it('with subgraphs nested without end is refused', () => {
    let g = toBinary(GraphProtoSchema, create(GraphProtoSchema, { name: 'innermost' }));
    for (let depth = 0; depth < 2000; depth += 1) {
      const attribute = [create(AttributeProtoSchema, { name: 'body', type: 5, g })];
      const loop = { ...node('Loop', [], []), attribute };
      g = toBinary(GraphProtoSchema, create(GraphProtoSchema, { node: [loop] }));
    }
    const attribute = [create(AttributeProtoSchema, { name: 'body', type: 5, g })];
    expect(codeOf(model({ node: [relu, { ...node('Loop', [], []), attribute }] }))).toBe(
      'ISO_ERR_MODEL_MALFORMED',
    );
  });

  it('with groups nested without end is refused', () => {
    expect(codeOf(new Uint8Array(1e6).fill((9 << 3) | 3))).toBe('ISO_ERR_MODEL_MALFORMED');
  });

  it('with millions of empty nodes is refused before they become objects', () => {
    const nodes = new Uint8Array(6e6).map((_, at) => (at % 2 === 0 ? (1 << 3) | 2 : 0));
    const head = toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 8n }));
    const tag = [
      (7 << 3) | 2,
      0x80 | (6e6 & 127),
      0x80 | ((6e6 >> 7) & 127),
      0x80 | ((6e6 >> 14) & 127),
      6e6 >> 21,
    ];
    expect(codeOf(Buffer.concat([head, Uint8Array.from(tag), nodes]))).toBe('ISO_ERR_MODEL_TOO_LARGE');
  });

  it('with a long chain of nodes is read, and folded, without a stack overflow', () => {
    const chain = Array.from({ length: 20_000 }, (_, at) =>
      node('Relu', [at === 0 ? 'x' : `t${at}`], [`t${at + 1}`]),
    );
    const last = node('Relu', ['t20000'], ['y']);
    expect(codeOf(model({ node: [last, ...chain.reverse()] }))).toBe('read');
    const shape = node('Constant', [], ['s'], { value_ints: { type: 7, ints: [5000n] } });
    const zeros = node('ConstantOfShape', ['s'], ['c0']);
    const casts = Array.from({ length: 5000 }, (_, at) =>
      node('Cast', [`c${at}`], [`c${at + 1}`], { to: { type: 2, i: at % 2 === 0 ? 7n : 1n } }),
    );
    const sum = node('Concat', ['c5000', 'x'], ['y'], { axis: { type: 2, i: 0n } });
    const graph = prepare(model({ node: [shape, zeros, ...casts, sum] }, 13));
    expect(graph).not.toBeInstanceOf(IsobathError);
    for (const tensor of (graph as Graph).initializers.values())
      expect(tensor.data).toHaveLength(tensor.size);
  });

  it('with names of object methods is read as any other', () => {
    const odd = node('Relu', ['x'], ['y'], { __proto__x: { type: 2, i: 1n } });
    odd.attribute![0]!.name = '__proto__';
    expect(codeOf(model({ node: [odd, node('constructor', ['y'], ['toString'])] }))).toBe('read');
  });
});
