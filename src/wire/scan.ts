/** Bounds on a msgpack value that a stranger sent. */
export interface ScanLimits {
  readonly maxDepth: number;
  /** Values inside the value, at all depths: keys, too. */
  readonly maxElements: number;
}

/** Why bytes are not the msgpack that this protocol uses. */
export class ScanError extends Error {
  override readonly name = 'ScanError';
}

/**
 * Walks one msgpack value without building anything and gives the offset after it. Everything that could make an
 * unpacker allocate more than was sent, recurse deeply, or build objects with surprising keys is refused here:
 * extension types, lengths beyond the payload, deep nesting, keys that are no texts, the key `__proto__`.
 */
export function scan(bytes: Uint8Array, start: number, limits: ScanLimits): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = start;
  let elements = 0;

  function value(depth: number): void {
    elements += 1;
    if (elements > limits.maxElements) throw new ScanError(`more than ${limits.maxElements} values`);
    if (depth > limits.maxDepth) throw new ScanError(`nested deeper than ${limits.maxDepth}`);
    const type = head();
    if (type <= 0x7f || type >= 0xe0) return;
    if (type <= 0x8f) return map(type & 0x0f, depth);
    if (type <= 0x9f) return array(type & 0x0f, depth);
    if (type <= 0xbf) return skip(type & 0x1f);
    sized(type, depth);
  }

  /** Types 0xc0 to 0xdf. */
  function sized(type: number, depth: number): void {
    switch (type) {
      case 0xc0: // nil
      case 0xc2: // false
      case 0xc3: // true
        return;
      case 0xc4: // bin, then str
      case 0xd9:
        return skip(length(1));
      case 0xc5:
      case 0xda:
        return skip(length(2));
      case 0xc6:
      case 0xdb:
        return skip(length(4));
      case 0xca: // float32, then the integers and float64
      case 0xce:
      case 0xd2:
        return skip(4);
      case 0xcb:
      case 0xcf:
      case 0xd3:
        return skip(8);
      case 0xcc:
      case 0xd0:
        return skip(1);
      case 0xcd:
      case 0xd1:
        return skip(2);
      case 0xdc:
        return array(length(2), depth);
      case 0xdd:
        return array(length(4), depth);
      case 0xde:
        return map(length(2), depth);
      case 0xdf:
        return map(length(4), depth);
      default:
        throw new ScanError(`the msgpack type 0x${type.toString(16)}, which this protocol does not use`);
    }
  }

  function array(count: number, depth: number): void {
    for (let i = 0; i < count; i += 1) value(depth + 1);
  }

  function map(count: number, depth: number): void {
    for (let i = 0; i < count; i += 1) {
      key();
      value(depth + 1);
    }
  }

  function key(): void {
    const type = head();
    let size: number;
    if (type >= 0xa0 && type <= 0xbf) size = type & 0x1f;
    else if (type === 0xd9) size = length(1);
    else throw new ScanError('a map key that is not a short text');
    const from = at;
    skip(size);
    if (size === PROTO.length && PROTO.every((byte, i) => bytes[from + i] === byte)) {
      throw new ScanError('the key __proto__');
    }
  }

  function head(): number {
    const type = bytes[at];
    if (type === undefined) throw new ScanError('an end too soon');
    at += 1;
    return type;
  }

  function length(width: 1 | 2 | 4): number {
    if (at + width > bytes.length) throw new ScanError('an end too soon');
    const size = width === 1 ? view.getUint8(at) : width === 2 ? view.getUint16(at) : view.getUint32(at);
    at += width;
    return size;
  }

  function skip(count: number): void {
    if (count > bytes.length - at) throw new ScanError('an end too soon');
    at += count;
  }

  value(0);
  return at;
}

const PROTO = new TextEncoder().encode('__proto__');
