import type { Quantity } from './quantities.ts';

/** A mapping of a YAML file that is being read. It notes every mistake with its path and goes on, so that all are told. */
export class Fields {
  readonly path: string;
  readonly #problems: string[];
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #asked = new Set<string>();

  constructor(value: unknown, path: string, problems: string[]) {
    this.path = path;
    this.#problems = problems;
    const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isMapping) this.problem('', `is ${shown(value)}, but must be a mapping`);
    this.#values = isMapping ? (value as Readonly<Record<string, unknown>>) : {};
  }

  problem(key: string, what: string): void {
    this.#problems.push(`${this.at(key)} ${what}`);
  }

  at(key: string): string {
    return [this.path, key].filter((part) => part !== '').join('.') || 'the file';
  }

  get keys(): string[] {
    return Object.keys(this.#values);
  }

  get(key: string): unknown {
    this.#asked.add(key);
    const value = Object.hasOwn(this.#values, key) ? this.#values[key] : undefined;
    return value ?? undefined;
  }

  child(key: string): Fields {
    return new Fields(this.get(key), this.at(key), this.#problems);
  }

  children(key: string): Fields[] {
    const list = this.get(key);
    if (Array.isArray(list))
      return list.map((each, at) => new Fields(each, `${this.at(key)}[${at}]`, this.#problems));
    if (list !== undefined) this.problem(key, `is ${shown(list)}, but must be a list`);
    return [];
  }

  quantity(key: string, quantity: Quantity): number | undefined {
    const value = this.get(key);
    if (value === undefined) return undefined;
    const read = quantity.read(String(value));
    if (read === undefined) this.problem(key, `is ${shown(value)}, but must be like ${quantity.like}`);
    return read;
  }

  /** Notes that it is missing, and that it is 0 where it is to divide. */
  needed(key: string, quantity: Quantity): number {
    const value = this.quantity(key, quantity);
    if (this.get(key) === undefined) this.problem(key, `is missing; it must be like ${quantity.like}`);
    if (value === 0) this.problem(key, 'must be above 0');
    return value || 1;
  }

  /** A number within [min, max]. */
  number(key: string, min: number, max: number, wanted: string): number | undefined {
    const value = this.get(key);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && value >= min && value <= max) return value;
    this.problem(key, `is ${shown(value)}, but must be ${wanted}`);
    return undefined;
  }

  text(key: string): string | undefined {
    const value = this.get(key);
    if (value === undefined || typeof value === 'string') return value;
    this.problem(key, `is ${shown(value)}, but must be a text`);
    return undefined;
  }

  flag(key: string): boolean | undefined {
    const value = this.get(key);
    if (value === undefined || typeof value === 'boolean') return value;
    this.problem(key, `is ${shown(value)}, but must be true or false`);
    return undefined;
  }

  /** Notes every key that nobody asked for. */
  end(): void {
    for (const key of this.keys) {
      if (!this.#asked.has(key))
        this.problem(key, `is unknown; known here are: ${[...this.#asked].join(', ')}`);
    }
  }
}

function shown(value: unknown): string {
  return value === undefined ? 'missing' : JSON.stringify(value);
}
