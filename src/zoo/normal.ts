const LEVELS = 65_536;
let quantiles: Float32Array | undefined;

/**
 * Fills an array of `length` normal values of mean 0 and the given deviation. The values depend on `seed` and `name`
 * only, so each tensor of a model can be made on its own and in any order.
 *
 * A 16-bit number picks one of 65,536 equally likely normal quantiles (largest: 4.3 deviations), two values for each
 * 32 random bits: a few nanoseconds per value, where Box-Muller needs a logarithm and a cosine.
 */
export function seededNormals(
  seed: number,
  name: string,
  length: number,
  deviation: number,
): Float32Array<ArrayBuffer> {
  quantiles ??= normalQuantiles();
  const table = quantiles;
  const values = new Float32Array(length);
  const step = hash(name, seed ^ 0x5bd1e995) | 1;
  let state = hash(name, seed);
  const even = length & ~1;
  for (let at = 0; at < even; at += 2) {
    state = (state + step) | 0;
    const bits = scramble(state);
    values[at] = table[bits & 0xffff]! * deviation;
    values[at + 1] = table[bits >>> 16]! * deviation;
  }
  if (even < length) values[even] = table[scramble(state + step) & 0xffff]! * deviation;
  return values;
}

/** A bijection of 32-bit words in which every bit of the input reaches every bit of the result. */
function scramble(word: number): number {
  let bits = word;
  bits = Math.imul(bits ^ (bits >>> 16), 0x7feb352d);
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b);
  return bits ^ (bits >>> 16);
}

function hash(text: string, seed: number): number {
  let bits = scramble(seed | 0);
  for (let at = 0; at < text.length; at += 1) bits = scramble(bits ^ text.charCodeAt(at)) + 0x9e3779b9;
  return scramble(bits);
}

/**
 * Quantiles of the normal distribution at the middles of 65,536 equal slices. With density f, dx/dp = 1 / f(x): we
 * walk from the median outwards with a fourth-order Runge-Kutta step, and mirror.
 */
function normalQuantiles(): Float32Array {
  const slope = (x: number) => Math.sqrt(2 * Math.PI) * Math.exp((x * x) / 2);
  const table = new Float32Array(LEVELS);
  const half = LEVELS / 2;
  const substeps = 16;
  let x = 0;
  for (let at = 0; at < half; at += 1) {
    const width = (at === 0 ? 0.5 : 1) / LEVELS / substeps;
    for (let step = 0; step < substeps; step += 1) {
      const a = slope(x);
      const b = slope(x + (width * a) / 2);
      const c = slope(x + (width * b) / 2);
      const d = slope(x + width * c);
      x += (width * (a + 2 * b + 2 * c + d)) / 6;
    }
    table[half + at] = x;
    table[half - 1 - at] = -x;
  }
  return table;
}
