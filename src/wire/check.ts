/**
 * Checks for data that another machine sent. A check returns a clean value of its type or throws a `Refusal` that names the
 * place and the reason. Objects are rebuilt from their known fields, so an unknown field of a newer version is ignored
 * and never travels on.
 */
export type Check<T> = (value: unknown, path: string) => T;

/** Why a value was refused, as in `programs[2].stage is not an integer from 0 to 65535`. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

const OPTIONAL = Symbol('optional');
type Optional<T> = Check<T> & { readonly [OPTIONAL]: true };
type Fields<T> = {
  readonly [K in keyof T]-?: undefined extends T[K] ? Optional<Exclude<T[K], undefined>> : Check<T[K]>;
};

export function refuse(path: string, reason: string): never {
  throw new Refusal(`${path === '' ? 'it' : path} ${reason}`);
}

export function literal<const T extends string | number | boolean>(wanted: T): Check<T> {
  return (value, path) => (value === wanted ? wanted : refuse(path, `is not ${JSON.stringify(wanted)}`));
}

export function oneOf<const T extends string>(...known: readonly T[]): Check<T> {
  return (value, path) =>
    known.includes(value as T) ? (value as T) : refuse(path, `is none of ${known.join(', ')}`);
}

export function integer(min = 0, max = Number.MAX_SAFE_INTEGER): Check<number> {
  return (value, path) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
      ? (value as number)
      : refuse(path, `is not an integer from ${min} to ${max}`);
}

/** A finite, non-negative number: durations in milliseconds and the like. */
export const amount: Check<number> = (value, path) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0
    ? value
    : refuse(path, 'is not a finite number from 0 up');

/** A finite number above 0 and at most `max`: rates and the like. */
export function rate(max: number): Check<number> {
  return (value, path) =>
    typeof value === 'number' && value > 0 && value <= max
      ? value
      : refuse(path, `is not a number above 0 and at most ${max}`);
}

export const flag: Check<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : refuse(path, 'is neither true nor false');

/** At most `max` UTF-16 units. */
export function text(max = 1024): Check<string> {
  return (value, path) =>
    typeof value === 'string' && value.length <= max
      ? value
      : refuse(path, `is not a text of at most ${max} letters`);
}

/** Raw bytes, at most `max` of them. */
export function bytes(max: number): Check<Uint8Array> {
  return (value, path) =>
    value instanceof Uint8Array && value.length <= max
      ? value
      : refuse(path, `is not raw bytes, at most ${max} of them`);
}

export function matching(pattern: RegExp, what: string): Check<string> {
  return (value, path) =>
    typeof value === 'string' && pattern.test(value) ? value : refuse(path, `is not ${what}`);
}

export function list<T>(item: Check<T>, max: number): Check<T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) return refuse(path, 'is not a list');
    if (value.length > max) return refuse(path, `has ${value.length} items, more than ${max}`);
    return value.map((one, at) => item(one, `${path}[${at}]`));
  };
}

/** Leaves the field out when it is absent or nil. */
export function optional<T>(check: Check<T>): Optional<T> {
  return Object.assign((value: unknown, path: string) => check(value, path), { [OPTIONAL]: true as const });
}

export function object<T extends object>(fields: Fields<T>): Check<T> {
  const entries = Object.entries(fields) as [string, Check<unknown> | Optional<unknown>][];
  return (value, path) => {
    const source = record(value, path);
    const result: Record<string, unknown> = {};
    for (const [name, check] of entries) {
      const field = Object.hasOwn(source, name) ? source[name] : undefined;
      if (OPTIONAL in check && (field === undefined || field === null)) continue;
      result[name] = check(field, path === '' ? name : `${path}.${name}`);
    }
    return result as T;
  };
}

/** Picks the check by the text in the field `tag`. */
export function tagged<T extends object>(tag: string, checks: Readonly<Record<string, Check<T>>>): Check<T> {
  const known = Object.keys(checks).join(', ');
  return (value, path) => {
    const name = record(value, path)[tag];
    if (typeof name !== 'string' || !Object.hasOwn(checks, name)) {
      return refuse(path === '' ? tag : `${path}.${tag}`, `is none of ${known}`);
    }
    return checks[name]!(value, path);
  };
}

/** A plain object whose content only the two ends know; the decoder has bounded its size and depth already. */
export const anyObject: Check<Readonly<Record<string, unknown>>> = (value, path) => record(value, path);

function record(value: unknown, path: string): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : refuse(path, 'is not an object');
}
