/**
 * The two loops of fixed-passes.ts in WebAssembly with 128-bit vectors, assembled here: an installation needs no compiler, and
 * the instructions can be read. Codes as in the WebAssembly specification 2.0, section 5.4.
 */
type Code = readonly number[];

const I32 = 0x7f;
const V128 = 0x7b;
const get = (local: number): Code => [0x20, local];
const set = (local: number): Code => [0x21, local];
const number = (value: number): Code => [0x41, value];
const ADD: Code = [0x6a];
const LESS: Code = [0x49];
const load: Code = [0x28, 2, 0];
const store: Code = [0x36, 2, 0];
const vector = (...code: number[]): Code => [0xfd, ...code];
const LOAD_16 = vector(0x00, 0, 0);
const LOAD_4 = vector(0x5c, 0, 0);
const LOAD_WEIGHT = vector(0x09, 2, 0);
const STORE_16 = vector(0x0b, 0, 0);
const FIRST_LANE = vector(0x1b, 0);
const SHIFT = vector(0xac, 1);
const SUM = vector(0xae, 1);
const PRODUCT = vector(0xb5, 1);
const TO_WORDS = vector(0x85, 1);
const TO_BYTES = vector(0x66);
const LOW_WORDS = vector(0x89, 1);
const HIGH_WORDS = vector(0x8a, 1);
const LOW_LONGS = vector(0xa9, 1);
const HIGH_LONGS = vector(0xaa, 1);

const joined = (...parts: readonly Code[]): Code => parts.flat();
const advance = (local: number, by: Code): Code => joined(get(local), by, ADD, set(local));
/** `body`, again as long as the number that it leaves is not 0. */
const repeat = (...body: readonly Code[]): Code => joined([0x03, 0x40], ...body, [0x0d, 0], [0x0b]);
/** One less, and what is left. */
const countdown = (local: number): Code => joined(get(local), number(0x7f), ADD, [0x22, local]);

/** (source, starts in bytes, weights, target, rows, bytes of a source row, count, taps): rows of three channels. */
function alongBody(bits: number, half: Code): Code {
  const [source, starts, weights, target, rows, line, count, taps, x, weight, read, left, sums] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
  ] as const;
  const tap = joined(
    ...[get(sums), get(read), LOAD_4, LOW_WORDS, LOW_LONGS, get(weight), LOAD_WEIGHT, PRODUCT, SUM],
    ...[set(sums), advance(read, number(3)), advance(weight, number(4))],
  );
  const pixel = joined(
    ...[get(starts), get(x), number(2), [0x74], ADD, load, get(source), ADD, set(read)],
    ...[get(taps), set(left), half, set(sums), repeat(tap, countdown(left))],
    // four bytes, of which the next pixel overwrites the last one
    ...[get(sums), number(bits), SHIFT, set(sums), get(sums), get(sums), TO_WORDS, set(sums)],
    ...[get(target), get(sums), get(sums), TO_BYTES, FIRST_LANE, store],
    ...[advance(target, number(3)), advance(x, number(1))],
  );
  return repeat(
    ...[number(0), set(x), get(weights), set(weight), repeat(pixel, get(x), get(count), LESS)],
    ...[advance(source, get(line)), countdown(rows)],
  );
}

/** (source, weights, target, bytes of a row, taps): one row of sums over rows below each other, 16 bytes at a time. */
function downBody(bits: number, half: Code): Code {
  const [source, weights, target, line, taps, at, read, left, weight] = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const;
  const [sums, levels, factor] = [[9, 10, 11, 12], 13, 14] as const;
  const widen = [LOW_WORDS, HIGH_WORDS].flatMap((words) =>
    [LOW_LONGS, HIGH_LONGS].map((longs) => joined(get(levels), words, longs)),
  );
  const tap = joined(
    ...[get(read), LOAD_16, set(levels), get(weight), LOAD_WEIGHT, set(factor)],
    ...sums.map((sum, each) => joined(get(sum), widen[each]!, get(factor), PRODUCT, SUM, set(sum))),
    ...[advance(read, get(line)), advance(weight, number(4))],
  );
  const shifted = sums.map((sum) => joined(get(sum), number(bits), SHIFT));
  return repeat(
    ...[get(source), get(at), ADD, set(read), get(weights), set(weight), get(taps), set(left)],
    ...[...sums.map((sum) => joined(half, set(sum))), repeat(tap, countdown(left))],
    ...[get(target), get(at), ADD, shifted[0]!, shifted[1]!, TO_WORDS, shifted[2]!, shifted[3]!, TO_WORDS],
    ...[TO_BYTES, STORE_16, advance(at, number(16)), get(at), get(line), LESS],
  );
}

/** Imports its memory as `e.m`; exports `a` (along) and `d` (down). `bits` are the fractional bits of the weights. */
export function simdModule(bits: number): Uint8Array<ArrayBuffer> {
  const lane = [0, 0, (1 << (bits - 1)) >> 16, 0];
  const half = vector(0x0c, ...lane, ...lane, ...lane, ...lane);
  const type = (count: number): Code => [0x60, count, ...new Array<number>(count).fill(I32), 0];
  const body = (locals: Code, code: Code): Code => {
    const inner = [...locals, ...code, 0x0b];
    return [...length(inner.length), ...inner];
  };
  const section = (id: number, ...content: readonly Code[]): Code => {
    const all = joined(...content);
    return [id, ...length(all.length), ...all];
  };
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [2], type(8), type(5)),
    ...section(2, [1, 1, 0x65, 1, 0x6d, 2, 0, 1]),
    ...section(3, [2, 0, 1]),
    ...section(7, [2, 1, 0x61, 0, 0, 1, 0x64, 0, 1]),
    ...section(
      10,
      [2],
      body([2, 4, I32, 1, V128], alongBody(bits, half)),
      body([2, 4, I32, 6, V128], downBody(bits, half)),
    ),
  ]);
}

/** Unsigned LEB128 of a number below 16384. */
function length(value: number): Code {
  return [(value & 0x7f) | 0x80, value >> 7];
}
