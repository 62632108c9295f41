import type { DType } from '../../../tensor/dtype.ts';
import { fieldOf, isRecord, type Json } from '../json.ts';

/** DataType of TensorFlow, by name and number, as what tfjs holds it: float32, int32 or bool. */
const DTYPES: ReadonlyMap<unknown, DType> = new Map<unknown, DType>([
  ...both('DT_FLOAT', 1, 'float32'),
  ...both('DT_DOUBLE', 2, 'float32'),
  ...both('DT_HALF', 19, 'float32'),
  ...both('DT_INT32', 3, 'int32'),
  ...both('DT_UINT8', 4, 'int32'),
  ...both('DT_INT16', 5, 'int32'),
  ...both('DT_INT8', 6, 'int32'),
  ...both('DT_INT64', 9, 'int32'),
  ...both('DT_BOOL', 10, 'bool'),
]);

function both(name: string, number: number, dtype: DType): [unknown, DType][] {
  return [
    [name, dtype],
    [number, dtype],
  ];
}

/** The attributes of one node, which protobuf's JSON tags with their types: {"s": base64}, {"i": "3"}, {"list": ...}. */
export class Attributes {
  readonly #json: Json;

  constructor(json: unknown) {
    this.#json = isRecord(json) ? json : {};
  }

  text(name: string, fallback = ''): string {
    return textOf(this.#field(name, 's')) ?? fallback;
  }

  texts(name: string): string[] {
    return this.#list(name, 's').map((text) => textOf(text) ?? '');
  }

  number(name: string, fallback: number): number {
    return numberOf(this.#field(name, 'f')) ?? numberOf(this.#field(name, 'i')) ?? fallback;
  }

  /** Undefined where the node does not have the list. */
  numbers(name: string): number[] | undefined {
    const [ints, floats] = [this.#list(name, 'i'), this.#list(name, 'f')];
    const all = (ints.length > 0 ? ints : floats).map((value) => numberOf(value) ?? Number.NaN);
    return all.length > 0 ? all : undefined;
  }

  flag(name: string, fallback = false): boolean {
    const value = this.#field(name, 'b');
    return typeof value === 'boolean' ? value : fallback;
  }

  /** The name of a function; undefined where there is none. */
  function(name: string): string | undefined {
    const value = this.#field(name, 'func');
    const named = isRecord(value) ? value['name'] : undefined;
    return typeof named === 'string' ? named : undefined;
  }

  /** Undefined for a type that tfjs does not hold, such as strings. */
  dtype(name: string): DType | undefined {
    return DTYPES.get(this.#field(name, 'type'));
  }

  /** A shape with open dimensions as undefined; undefined where even their number is open. */
  shape(name: string): (number | undefined)[] | undefined {
    return dimensionsOf(this.#field(name, 'shape'));
  }

  #field(name: string, kind: string): unknown {
    const value = fieldOf(this.#json, name);
    return isRecord(value) ? fieldOf(value, kind) : undefined;
  }

  #list(name: string, kind: string): unknown[] {
    const list = this.#field(name, 'list');
    const values = isRecord(list) ? fieldOf(list, kind) : undefined;
    return Array.isArray(values) ? values : [];
  }
}

/** The dimensions of a TensorShapeProto. */
export function dimensionsOf(shape: unknown): (number | undefined)[] | undefined {
  if (!isRecord(shape) || shape['unknownRank'] === true) return undefined;
  const { dim } = shape;
  if (!Array.isArray(dim)) return [];
  return dim.map((each) => {
    const size = isRecord(each) ? numberOf(each['size']) : undefined;
    return size === undefined || size < 0 ? undefined : size;
  });
}

/** Base64, or a list of bytes in files of old converters. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return Buffer.from(value, 'base64').toString('utf8');
  return Array.isArray(value) ? Buffer.from(value as number[]).toString('utf8') : undefined;
}

/** 64-bit integers are strings in protobuf's JSON, and so are numbers that JSON cannot have, such as "Infinity". */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value === '') return undefined;
  const number = Number(value);
  return Number.isNaN(number) && value !== 'NaN' ? undefined : number;
}
