/** Numbers with units, as people write them in fleet files: `100mbit`, `2ms`, `20gflops`, `200MB`, `4.5GB/s`. */

const DECIMAL: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };
const BINARY: Readonly<Record<string, number>> = { ki: 2 ** 10, mi: 2 ** 20, gi: 2 ** 30 };
const SECONDS: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1 };

/** What a field may hold: how it is read, and an example for the message where it cannot be. */
export interface Quantity {
  readonly like: string;
  /** In SI units; undefined where the text is no such quantity. */
  read(text: string): number | undefined;
}

function quantity(like: string, units: RegExp, factor: (unit: string) => number | undefined): Quantity {
  const pattern = new RegExp(String.raw`^(\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(${units.source})$`, 'i');
  return {
    like,
    read(text) {
      const [, number, unit] = pattern.exec(text.trim()) ?? [];
      const scale = unit === undefined ? undefined : factor(unit.toLowerCase());
      const value = scale === undefined ? Number.NaN : Number(number) * scale;
      return Number.isFinite(value) ? value : undefined;
    },
  };
}

/** Bits per second. */
export const BIT_RATE = quantity(
  '100mbit or 1gbit',
  /[kmgt]?bit(?:\/s)?/,
  (unit) => DECIMAL[unit.replace(/bit.*/, '')],
);

/** Seconds. */
export const DURATION = quantity('2ms or 300us', /ns|us|µs|ms|s/, (unit) => SECONDS[unit]);

/** Floating-point operations per second; a multiply-accumulate is two. */
export const SPEED = quantity('20gflops', /[kmgt]?flops/, (unit) => DECIMAL[unit.replace('flops', '')]);

const bytes = (unit: string) => {
  const prefix = unit.replace(/b.*/, '');
  return BINARY[prefix] ?? DECIMAL[prefix];
};

/** Bytes. */
export const SIZE = quantity('200MB or 512KiB', /(?:[kmgt]|[kmg]i)?b/, bytes);

/** Bytes per second. */
export const BYTE_RATE = quantity('4.5GB/s', /(?:[kmgt]|[kmg]i)?b\/s/, bytes);

/** A plain number of things: `2000` or `100M`. */
export const AMOUNT = quantity('100M', /[kmgt]?/, (unit) => DECIMAL[unit]);
