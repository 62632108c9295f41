/** Bounds on a msgpack value that a stranger sent. */
export interface ScanLimits {
  readonly maxDepth: number;
  /** Values inside the value, at all depths. */
  readonly maxElements: number;
}

/** Why bytes are not the msgpack that this protocol uses. */
export class ScanError extends Error {
  override readonly name = 'ScanError';
}

/** Types whose body has a fixed size: nil, false, true, floats and integers. */
const FIXED: ReadonlyMap<number, number> = new Map([
  ...[0xc0, 0xc2, 0xc3].map((type) => [type, 0] as const),
  ...[0xcc, 0xd0].map((type) => [type, 1] as const),
  ...[0xcd, 0xd1].map((type) => [type, 2] as const),
  ...[0xca, 0xce, 0xd2].map((type) => [type, 4] as const),
  ...[0xcb, 0xcf, 0xd3].map((type) => [type, 8] as const),
]);
/** Types whose length stands before the body: what they are, and the bytes of the length. */
const SIZED: ReadonlyMap<number, readonly ['bytes' | 'array' | 'map', 1 | 2 | 4]> = new Map([
  [0xc4, ['bytes', 1]],
  [0xc5, ['bytes', 2]],
  [0xc6, ['bytes', 4]],
  [0xd9, ['bytes', 1]],
  [0xda, ['bytes', 2]],
  [0xdb, ['bytes', 4]],
  [0xdc, ['array', 2]],
  [0xdd, ['array', 4]],
  [0xde, ['map', 2]],
  [0xdf, ['map', 4]],
]);
const PROTO = Buffer.from('__proto__');

/**
 * Walks one msgpack value without building anything and gives the offset after it. Everything that could make an
 * unpacker allocate more than was sent, recurse deeply, or build objects with surprising keys is refused here:
 * extension types, lengths beyond the payload, deep nesting, keys that are no texts, the key `__proto__`.
 */
export function scan(bytes: Uint8Array, start: number, limits: ScanLimits): number {
  const scanner = new Scanner(bytes, start, limits);
  scanner.value(0);
  return scanner.at;
}

class Scanner {
  at: number;
  readonly #bytes: Uint8Array;
  readonly #limits: ScanLimits;
  #elements = 0;

  constructor(bytes: Uint8Array, start: number, limits: ScanLimits) {
    this.#bytes = bytes;
    this.at = start;
    this.#limits = limits;
  }

  value(depth: number): void {
    const { maxDepth, maxElements } = this.#limits;
    this.#elements += 1;
    if (this.#elements > maxElements) throw new ScanError(`more than ${maxElements} values`);
    if (depth > maxDepth) throw new ScanError(`values nested deeper than ${maxDepth}`);
    const type = this.#byte();
    if (type <= 0x7f || type >= 0xe0) return; // a small integer
    if (type <= 0x8f) this.#map(type & 0x0f, depth);
    else if (type <= 0x9f) this.#array(type & 0x0f, depth);
    else if (type <= 0xbf) this.#skip(type & 0x1f);
    else this.#wide(type, depth);
  }

  #wide(type: number, depth: number): void {
    const fixed = FIXED.get(type);
    const sized = SIZED.get(type);
    if (fixed !== undefined) this.#skip(fixed);
    else if (sized === undefined) throw new ScanError(`the msgpack type 0x${type.toString(16)}`);
    else {
      const [what, width] = sized;
      const length = this.#length(width);
      if (what === 'bytes') this.#skip(length);
      else if (what === 'array') this.#array(length, depth);
      else this.#map(length, depth);
    }
  }

  #array(count: number, depth: number): void {
    for (let i = 0; i < count; i += 1) this.value(depth + 1);
  }

  #map(count: number, depth: number): void {
    for (let i = 0; i < count; i += 1) {
      this.#key();
      this.value(depth + 1);
    }
  }

  #key(): void {
    const type = this.#byte();
    const short = type >= 0xa0 && type <= 0xbf;
    if (!short && type !== 0xd9) throw new ScanError('a map key that is not a short text');
    const size = short ? type & 0x1f : this.#length(1);
    const from = this.at;
    this.#skip(size);
    if (size === PROTO.length && PROTO.equals(this.#bytes.subarray(from, this.at))) {
      throw new ScanError('the key __proto__');
    }
  }

  #byte(): number {
    this.#skip(1);
    return this.#bytes[this.at - 1]!;
  }

  #length(width: 1 | 2 | 4): number {
    let length = 0;
    for (let i = 0; i < width; i += 1) length = length * 256 + this.#byte();
    return length;
  }

  #skip(count: number): void {
    if (count > this.#bytes.length - this.at) throw new ScanError('an end too soon');
    this.at += count;
  }
}
