import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readOnnx, writeOnnx } from '../../../src/formats/onnx/index.ts';
import type { Attribute, Graph, Node } from '../../../src/graph/graph.ts';
import { ARRAYS, DTYPES } from '../../../src/tensor/dtype.ts';
import { sizeOf } from '../../../src/tensor/region.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import { floats, graphOf, nodeOf } from '../../support/graphs.ts';

const name = fc.string({ minLength: 1, maxLength: 6, unit: 'grapheme' });
const float = fc.float({ noNaN: true });
const integer = fc.integer({ min: -(2 ** 31), max: 2 ** 31 });

const tensor = fc
  .record({
    dtype: fc.constantFrom(...DTYPES),
    shape: fc.array(fc.nat(3), { maxLength: 4 }),
    seed: fc.nat(255),
  })
  .map(({ dtype, shape, seed }) => {
    const data = new ARRAYS[dtype](sizeOf(shape));
    new Uint8Array(data.buffer).fill(seed);
    return Tensor.of(dtype, shape, data);
  });

const attribute: fc.Arbitrary<Attribute> = fc.oneof(
  fc.record({ type: fc.constant('float' as const), value: float }),
  fc.record({ type: fc.constant('int' as const), value: integer }),
  fc.record({ type: fc.constant('string' as const), value: name }),
  fc.record({ type: fc.constant('floats' as const), value: fc.array(float, { maxLength: 4 }) }),
  fc.record({ type: fc.constant('ints' as const), value: fc.array(integer, { maxLength: 4 }) }),
  fc.record({ type: fc.constant('strings' as const), value: fc.array(name, { maxLength: 3 }) }),
  fc.record({ type: fc.constant('tensor' as const), value: tensor }),
);

/** A chain with constants: node i reads any tensors that are there before it. */
const graph: fc.Arbitrary<Graph> = fc
  .record({
    names: fc.uniqueArray(name, { minLength: 2, maxLength: 8 }),
    constants: fc.array(tensor, { maxLength: 3 }),
    attributes: fc.array(fc.dictionary(name, attribute, { maxKeys: 3 }), { minLength: 8, maxLength: 8 }),
    reads: fc.array(fc.nat(), { minLength: 8, maxLength: 8 }),
  })
  .map(({ names, constants, attributes, reads }) => {
    const [input, ...made] = names as [string, ...string[]];
    const initializers = new Map(constants.map((value, at) => [`constant ${at}`, value]));
    const there = [input, ...initializers.keys()];
    const nodes: Node[] = made.map((output, at) => {
      const read = there[reads[at]! % there.length]!;
      there.push(output);
      return {
        name: `n${at}`,
        op: 'Odd',
        domain: 'd',
        inputs: ['', read],
        outputs: [output, ''],
        attributes: attributes[at]!,
      };
    });
    const types: Graph['types'] = new Map([
      [input, { dtype: 'float32' as const, shape: [2] }],
      ...[...initializers].map(([key, { dtype, shape }]) => [key, { dtype, shape }] as const),
    ]);
    const opsets = { '': 13, d: 1 };
    return { name: 'g', opsets, inputs: [input], outputs: [made.at(-1)!], nodes, initializers, types };
  });

/** Tensors compare by their elements. */
function plain(value: Graph): unknown {
  const bare = (each: unknown): unknown =>
    each instanceof Tensor ? { dtype: each.dtype, shape: each.shape, data: each.data } : each;
  const nodes = value.nodes.map((node) => ({
    ...node,
    attributes: Object.entries(node.attributes)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, each.type, each.type === 'opaque' ? each : bare(each.value)]),
  }));
  return { ...value, nodes, initializers: [...value.initializers].map(([key, each]) => [key, bare(each)]) };
}

describe('writing', () => {
  it('and reading gives the same graph, and writing that the same bytes', () => {
    fc.assert(
      fc.property(graph, (written) => {
        const bytes = writeOnnx(written);
        const read = readOnnx(bytes, { file: 'g.onnx', float16: 'keep' });
        expect(plain(read)).toEqual(plain(written));
        expect(writeOnnx(read)).toEqual(bytes);
      }),
      { numRuns: 200 },
    );
  });

  it('does not depend on the order in which attributes were set', () => {
    const one = graphOf({ x: [4] }, [nodeOf('Odd', ['x'], ['y'], { a: 1, b: 2 })]);
    const other = graphOf({ x: [4] }, [nodeOf('Odd', ['x'], ['y'], { b: 2, a: 1 })]);
    expect(writeOnnx(one)).toEqual(writeOnnx(other));
  });

  it('clamps integers to 64 bits, as INT64_MAX is rounded up when it is read', () => {
    const slice = nodeOf('Slice', ['x'], ['y'], { starts: [-(2 ** 70)], ends: [2 ** 63] });
    const read = readOnnx(writeOnnx(graphOf({ x: [4] }, [slice], { opset: 9 })), { file: 'g.onnx' });
    expect(read.nodes[0]?.attributes).toMatchObject({
      starts: { value: [-(2 ** 63)] },
      ends: { value: [2 ** 63] },
    });
  });

  it('reads each deferred constant once', () => {
    let reads = 0;
    const lazy = Tensor.deferred('float32', [4], () => {
      reads += 1;
      return floats(4).data;
    });
    const add = graphOf({ x: [4] }, [nodeOf('Add', ['x', 'w'], ['y'])], { constants: { w: lazy } });
    expect(readOnnx(writeOnnx(add), { file: 'g' }).initializers.get('w')?.data).toEqual(floats(4).data);
    expect(reads).toBe(1);
  });

  it('refuses a graph that one file cannot hold, before it reads a constant', () => {
    const huge = Tensor.deferred('float32', [2 ** 30], () => {
      throw new Error('read');
    });
    const add = graphOf({ x: [4] }, [nodeOf('Add', ['x', 'w'], ['y'])], { constants: { w: huge } });
    expect(() => writeOnnx(add)).toThrow(expect.objectContaining({ code: 'ISO_ERR_MODEL_TOO_LARGE' }));
  });
});
