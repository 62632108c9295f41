import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { afterAll, describe, expect, it } from '@jest/globals';
import { encodeTensor, readOnnx, readTensorProto, writeOnnx } from '../../../src/formats/onnx/index.ts';
import { ARRAYS, DTYPES } from '../../../src/tensor/dtype.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import { floats, graphOf, nodeOf } from '../../support/graphs.ts';

const malformed = expect.objectContaining({ code: 'ISO_ERR_MODEL_MALFORMED' });

describe('elements', () => {
  it.each(DTYPES)('of %s come back as they were written', (dtype) => {
    const data = new ARRAYS[dtype](6);
    new Uint8Array(data.buffer).forEach((_, at, bytes) => {
      bytes[at] = dtype === 'bool' ? at % 2 : at * 7 + 1;
    });
    const { name, tensor } = readTensorProto(encodeTensor('t', Tensor.of(dtype, [2, 3], data)), 't.pb');
    expect({ name, dtype: tensor.dtype, shape: tensor.shape }).toEqual({ name: 't', dtype, shape: [2, 3] });
    expect(tensor.data).toEqual(data);
  });

  /** dims [3], then `write` for the elements. */
  function typed(dataType: number, write: (writer: BinaryWriter) => BinaryWriter): Uint8Array {
    return write(new BinaryWriter().tag(1, 0).int64(3).tag(2, 0).int32(dataType)).finish();
  }

  it('are read from the typed fields, packed or not', () => {
    const read = (bytes: Uint8Array) => readTensorProto(bytes, 't.pb').tensor.data;
    const loose = typed(1, (w) => w.tag(4, 5).float(1).tag(4, 5).float(2).tag(4, 5).float(3));
    expect(read(loose)).toEqual(Float32Array.of(1, 2, 3));
    const mixed = typed(11, (w) => w.tag(10, 1).double(1).tag(10, 2).fork().double(2).double(3).join());
    expect(read(mixed)).toEqual(Float64Array.of(1, 2, 3));
    const int8 = typed(3, (w) => w.tag(5, 2).fork().int32(-1).int32(2).int32(-128).join());
    expect(read(int8)).toEqual(Int8Array.of(-1, 2, -128));
    const half = typed(10, (w) => w.tag(5, 0).int32(0x3c00).tag(5, 0).int32(0xc000).tag(5, 0).int32(1));
    expect(read(half)).toEqual(Uint16Array.of(0x3c00, 0xc000, 1));
    const int64 = typed(7, (w) =>
      w
        .tag(7, 2)
        .fork()
        .int64(-1)
        .int64(2n ** 62n)
        .int64(0)
        .join(),
    );
    expect(read(int64)).toEqual(BigInt64Array.of(-1n, 2n ** 62n, 0n));
    const uint32 = typed(12, (w) => w.tag(11, 2).fork().uint64(4294967295).uint64(0).uint64(7).join());
    expect(read(uint32)).toEqual(Uint32Array.of(4294967295, 0, 7));
  });

  it('that are too few or too many for the shape are refused', () => {
    const few = typed(6, (w) => w.tag(5, 0).int32(1));
    const many = typed(6, (w) => w.tag(5, 2).fork().int32(1).int32(1).int32(1).int32(1).join());
    const raw = typed(1, (w) => w.tag(9, 2).bytes(new Uint8Array(11)));
    const none = typed(1, (w) => w);
    const odd = typed(6, (w) => w.tag(5, 2).fork().int32(300).int32(300).join());
    for (const bytes of [few, many, raw, none, odd]) {
      expect(() => readTensorProto(bytes, 't.pb')).toThrow(malformed);
    }
  });

  it('are a view where they are aligned and a copy where they are not', () => {
    const bytes = encodeTensor('', floats(4));
    const start = bytes.length - 16;
    const place = (offset: number) => {
      const room = new Uint8Array(64 + bytes.length);
      room.set(bytes, offset);
      return room.subarray(offset, offset + bytes.length);
    };
    const aligned = place((4 - (start % 4)) % 4);
    const crooked = place(((4 - (start % 4)) % 4) + 1);
    const buffer = (proto: Uint8Array) =>
      readTensorProto(Buffer.from(proto.buffer, proto.byteOffset, proto.length), 't').tensor.data.buffer;
    expect(buffer(aligned)).toBe(aligned.buffer);
    expect(buffer(crooked)).not.toBe(crooked.buffer);
    expect(readTensorProto(crooked, 't').tensor.data).toEqual(floats(4).data);
  });
});

describe('external data', () => {
  const home = mkdtempSync(path.join(tmpdir(), 'isobath-external-'));
  const folder = path.join(home, 'model');
  mkdirSync(path.join(folder, 'inner', 'deep'), { recursive: true });
  const values = floats(2, 3);
  const elements = new Uint8Array(values.data.buffer);
  writeFileSync(path.join(folder, 'w.bin'), elements);
  writeFileSync(path.join(folder, 'inner', 'w.bin'), elements);
  writeFileSync(path.join(home, 'secret.bin'), elements);
  symlinkSync('../secret.bin', path.join(folder, 'link.bin'));
  symlinkSync('w.bin', path.join(folder, 'inside.bin'));
  writeFileSync(path.join(folder, 'inner', 'deep', 'w.bin'), elements);
  symlinkSync('../../secret.bin', path.join(folder, 'inner', 'up.bin'));
  symlinkSync('../w.bin', path.join(folder, 'inner', 'back.bin'));
  symlinkSync('..', path.join(folder, 'out'));
  symlinkSync('inner', path.join(folder, 'again'));
  afterAll(() => rmSync(home, { recursive: true }));

  const graph = graphOf({ x: [2, 3] }, [nodeOf('Add', ['x', 'w'], ['y'])], { constants: { w: values } });

  function read(location: string, from: string | undefined = folder) {
    const bytes = writeOnnx(graph, { external: () => ({ location }) });
    expect(bytes.length).toBeLessThan(300);
    return readOnnx(bytes, { file: 'm.onnx', ...(from && { folder: from }) }).initializers.get('w')!;
  }

  const inside = ['w.bin', './w.bin', 'inside.bin', 'inner/w.bin', './inner//./w.bin', 'inner/deep/w.bin'];
  it.each([...inside, 'again/w.bin', 'inner/back.bin'])(
    'is read from %s when it is asked for',
    (location) => {
      expect(read(location).data).toEqual(values.data);
    },
  );

  const elsewhere = [
    '../secret.bin',
    path.join(home, 'secret.bin'),
    'link.bin',
    'inner/up.bin',
    'out/secret.bin',
    'inner/../w.bin',
    'inner/../../secret.bin',
    './../secret.bin',
    'inner',
    'inner/',
    '.',
    './',
    '/',
    '..',
    '',
    'none',
    'w\0',
    'inner/w.bin/more',
    'inner\\w.bin',
    '..\\secret.bin',
    'C:/secret.bin',
    'file:///secret.bin',
  ];
  it.each(elsewhere)('is not followed to %j', (location) => {
    expect(() => read(location)).toThrow(expect.objectContaining({ code: 'ISO_ERR_EXTERNAL_DATA' }));
  });

  it('is not followed without a folder, nor to a file that is too short, nor to one cut off later', () => {
    const coded = expect.objectContaining({ code: 'ISO_ERR_EXTERNAL_DATA' });
    const bytes = writeOnnx(graph, { external: () => ({ location: 'w.bin' }) });
    expect(() => readOnnx(bytes, { file: 'm.onnx' })).toThrow(coded);
    writeFileSync(path.join(folder, 'short.bin'), elements.subarray(1));
    expect(() => read('short.bin')).toThrow('has 23 bytes, fewer than the 24');
    writeFileSync(path.join(folder, 'later.bin'), elements);
    const tensor = read('later.bin');
    truncateSync(path.join(folder, 'later.bin'), 5);
    expect(() => tensor.data).toThrow(coded);
  });
});
