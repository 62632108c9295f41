import type { IsobathError } from '../../../base/errors.ts';
import type { TfjsContext } from '../context.ts';
import { fieldOf, isRecord, type Json, shown } from '../json.ts';

/** What a layer is asked for that we do not do; it joins the list of all that is unsupported. */
export class UnsupportedLayer extends Error {}

/** The settings of one layer, in Keras' own spelling, as unchecked as a file is. Throws ISO_ERR_MODEL_MALFORMED. */
export class Config {
  readonly #json: Json;
  readonly #layer: string;
  readonly #context: TfjsContext;

  constructor(json: Json, layer: string, context: TfjsContext) {
    this.#json = json;
    this.#layer = layer;
    this.#context = context;
  }

  malformed(reason: string): IsobathError {
    return this.#context.malformed(`the layer ${this.#layer}: ${reason}`);
  }

  /** Of a layer that stands among the settings of this one. */
  nested(json: Json): Config {
    return new Config(json, this.#layer, this.#context);
  }

  value(name: string): unknown {
    return fieldOf(this.#json, name) ?? undefined;
  }

  number(name: string, fallback?: number): number {
    const value = this.value(name) ?? fallback;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw this.#wrong(name, value, 'a number');
  }

  /** Undefined where it is absent or null. Keras 3 writes some as `{class_name: "__numpy__", config: {value}}`. */
  numbers(name: string): number[] | undefined {
    const value = unwrapped(this.value(name));
    if (value === undefined) return undefined;
    const list = Array.isArray(value) ? value.flat(32) : [value];
    if (list.every((each) => typeof each === 'number' && Number.isFinite(each))) return list as number[];
    throw this.#wrong(name, value, 'numbers');
  }

  optionalNumber(name: string): number | undefined {
    const list = this.numbers(name);
    if (list && list.length !== 1) throw this.#wrong(name, list, 'one number');
    return list?.[0];
  }

  whole(name: string, least: number, fallback?: number): number {
    const value = this.value(name) ?? fallback;
    if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
    throw this.#wrong(name, value, `a whole number of at least ${least}`);
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.value(name) ?? fallback;
    if (typeof value === 'boolean') return value;
    throw this.#wrong(name, value, 'true or false');
  }

  /** Keras' own words are lower case with underscores; tfjs writes some of them as camel case. */
  word(name: string, fallback: string): string {
    const value = this.value(name) ?? fallback;
    if (typeof value === 'string') return snakeCase(value);
    throw this.#wrong(name, value, 'a text');
  }

  oneOf<T extends string>(name: string, values: readonly T[], fallback: T): T {
    const word = this.word(name, fallback);
    const found = values.find((value) => value === word);
    if (found === undefined)
      throw new UnsupportedLayer(`${name} is ${shown(word)}, not ${values.join(' or ')}`);
    return found;
  }

  /** One whole number per spatial axis; a single one is meant for all. */
  perAxis(name: string, axes: number, least: number, fallback?: number): number[] {
    const value = this.value(name) ?? fallback;
    const list = Array.isArray(value)
      ? value.length === 1
        ? new Array(axes).fill(value[0])
        : value
      : new Array(axes).fill(value);
    if (list.length === axes && list.every((each) => Number.isSafeInteger(each) && each >= least))
      return list;
    throw this.#wrong(name, value, `${axes} whole numbers of at least ${least}`);
  }

  /** [before, after] per spatial axis: from one number, one per axis, or one pair per axis. */
  pairs(name: string, axes: number, fallback: number): [number, number][] {
    const value = this.value(name) ?? fallback;
    // In one dimension a flat pair is [before, after].
    const outer = axes === 1 && Array.isArray(value) && value.length === 2 ? [value] : value;
    const list = Array.isArray(outer) ? outer : new Array(axes).fill(outer);
    const pairs = list.map((each) => (Array.isArray(each) ? each : [each, each]));
    const valid = pairs.every(
      (pair) => pair.length === 2 && pair.every((each) => Number.isSafeInteger(each) && each >= 0),
    );
    if (pairs.length === axes && valid) return pairs as [number, number][];
    throw this.#wrong(name, value, `pairs of whole numbers for ${axes} axes`);
  }

  #wrong(name: string, value: unknown, wanted: string): IsobathError {
    return this.malformed(`${name} is ${shown(value)}, where ${wanted} is wanted`);
  }
}

/** An axis counted from the front. */
export function checkedAxis(config: Config, axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(axis) && positive >= 0 && positive < rank) return positive;
  throw config.malformed(`there is no axis ${axis} in ${rank} dimensions`);
}

function unwrapped(value: unknown): unknown {
  if (!isRecord(value)) return value;
  const { config } = value;
  return isRecord(config) ? config['value'] : value;
}

export function snakeCase(word: string): string {
  return word.replace(/([a-z\d])([A-Z])/g, '$1_$2').toLowerCase();
}
