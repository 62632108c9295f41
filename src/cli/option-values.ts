import { InvalidArgumentError } from 'commander';
import { SIZE } from '../estimator/quantities.ts';

/** Parsers of option values. What they refuse becomes a usage error that names the option. */

export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text.trim()) || value < min || value > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError('It must be a number above 0.');
  }
  return value;
}

/** Bytes, as in 200MB. */
export function byteSize(text: string): number {
  const value = SIZE.read(text);
  if (value === undefined) throw new InvalidArgumentError(`It must be a size as in ${SIZE.like}.`);
  return Math.floor(value);
}

export type Shapes = Readonly<Record<string, readonly number[]>>;

/** `--shape image=1,3,224,224`, given once for each open input. */
export function shape(text: string, others: Shapes = {}): Shapes {
  const [, name, extents] = /^([^=]+)=(\d+(?:[,x]\d+)*)$/.exec(text) ?? [];
  if (name === undefined || extents === undefined) {
    throw new InvalidArgumentError('It must be as in image=1,3,224,224.');
  }
  return { ...others, [name]: extents.split(/[,x]/).map(Number) };
}

/** For options that may be given several times. */
export function several(text: string, others: readonly string[] = []): readonly string[] {
  return [...others, text];
}
