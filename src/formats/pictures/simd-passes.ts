import { BITS, type Passes, scalarPasses } from './fixed-passes.ts';
import { simdModule } from './simd-module.ts';

const PAGE = 65_536;
/** A vector is read and written whole: so much may lie behind the last level. */
const SLACK = 16;
/** The memory never shrinks, so what needs more is left to JavaScript: rows of a huge picture summed before its columns. */
const MOST_BYTES = 64 * 2 ** 20;

/** What is used of the global of this name: Node's types of version 20 have none of it. */
declare const WebAssembly: {
  validate(bytes: Uint8Array): boolean;
  readonly Memory: new (size: { initial: number }) => Memory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

interface Exports {
  a(...places: number[]): void;
  d(...places: number[]): void;
}

/** The passes in WebAssembly with vectors, to the same bits; undefined where the processor or the runtime has none. */
export function simdPasses(): Passes | undefined {
  const bytes = simdModule(BITS);
  if (!WebAssembly.validate(bytes)) return undefined;
  const memory = new WebAssembly.Memory({ initial: 1 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { e: { m: memory } });
  const { a, d } = instance.exports as Exports;

  /** Where in the memory each of `sizes` bytes lies; undefined if they are too many. */
  const placesOf = (...sizes: number[]): number[] | undefined => {
    let end = 0;
    const places = sizes.map((size) => {
      const place = end;
      end += Math.ceil((size + SLACK) / 16) * 16;
      return place;
    });
    if (end > MOST_BYTES) return undefined;
    const missing = Math.ceil((end - memory.buffer.byteLength) / PAGE);
    if (missing > 0) memory.grow(missing);
    return places;
  };

  return {
    along(pixels, taps, weights, target, start, end) {
      const line = pixels.width * 3;
      const count = taps.starts.length;
      const size = (end - start) * count * 3;
      const places =
        pixels.channels === 3
          ? placesOf((end - start) * line, count * 4, weights.byteLength, size)
          : undefined;
      if (!places) return scalarPasses.along(pixels, taps, weights, target, start, end);
      const [source, starts, factors, result] = places as [number, number, number, number];
      const { buffer } = memory;
      new Uint8Array(buffer, source).set(pixels.data.subarray(start * line, end * line));
      new Int32Array(buffer, starts, count).set(taps.starts.map((each) => each * 3));
      new Int32Array(buffer, factors, weights.length).set(weights);
      a(source, starts, factors, result, end - start, line, count, taps.taps);
      target.set(new Uint8Array(buffer, result, size), start * count * 3);
    },

    down(pixels, taps, weights, target, start, end, top) {
      const line = pixels.width * pixels.channels;
      const used = taps.starts.subarray(start, end);
      const first = used.reduce((least, each) => Math.min(least, each), Number.MAX_SAFE_INTEGER) - top;
      const last = used.reduce((most, each) => Math.max(most, each), 0) - top + taps.taps;
      const size = (end - start) * line;
      const places = placesOf((last - first) * line, weights.byteLength, size);
      if (!places) return scalarPasses.down(pixels, taps, weights, target, start, end, top);
      const [source, factors, result] = places as [number, number, number];
      const { buffer } = memory;
      new Uint8Array(buffer, source).set(pixels.data.subarray(first * line, last * line));
      new Int32Array(buffer, factors, weights.length).set(weights);
      for (let row = start; row < end; row += 1) {
        const from = source + (taps.starts[row]! - top - first) * line;
        d(from, factors + row * taps.taps * 4, result + (row - start) * line, line, taps.taps);
      }
      target.set(new Uint8Array(buffer, result, size), start * line);
    },
  };
}
