import { isAbsolute, relative, sep } from 'node:path';

export const CHANNELS = ['RGB', 'BGR', 'gray'] as const;
export const LAYOUTS = ['NCHW', 'NHWC'] as const;
export const FITS = ['cover', 'contain', 'stretch'] as const;
export const TASKS = ['classification', 'tensor'] as const;
export const ACTIVATIONS = ['none', 'softmax'] as const;

/** What a field must be, in words, where the value is not that; undefined where it is. */
type Rule = (value: unknown) => string | undefined;
interface Fields {
  readonly [name: string]: { readonly rule: Rule | Fields; readonly optional?: true };
}

const text: Rule = (value) => (typeof value === 'string' && value.trim() !== '' ? undefined : 'a text');
const number: Rule = (value) => (Number.isFinite(value) ? undefined : 'a number');
const pixels: Rule = (value) =>
  Number.isInteger(value) && (value as number) > 0 && (value as number) <= 16_384
    ? undefined
    : 'a whole number of pixels from 1 to 16384';
const inside: Rule = (value) =>
  typeof value === 'string' && isInside(value)
    ? undefined
    : 'a relative path inside the folder of the manifest';
const labels: Rule = (value) =>
  Array.isArray(value)
    ? value.every((label) => typeof label === 'string')
      ? undefined
      : 'texts only'
    : inside(value) && 'a list of texts, or a file inside the folder of the manifest';

function oneOf(values: readonly string[]): Rule {
  return (value) => (values.includes(value as string) ? undefined : `one of ${values.join(', ')}`);
}

function numbers(what: string, fits: (value: number) => boolean): Rule {
  return (value) =>
    Array.isArray(value) && value.length > 0 && value.every((each) => Number.isFinite(each) && fits(each))
      ? undefined
      : what;
}

const FIELDS: Fields = {
  name: { rule: text },
  version: { rule: text },
  model: { rule: inside },
  task: { rule: oneOf(TASKS) },
  license: { rule: text, optional: true },
  input: {
    rule: {
      name: { rule: text },
      channels: { rule: oneOf(CHANNELS) },
      scale: { rule: number },
      mean: { rule: numbers('a list of numbers', () => true) },
      std: { rule: numbers('a list of numbers other than 0', (value) => value !== 0) },
      fit: { rule: oneOf(FITS) },
      layout: { rule: oneOf(LAYOUTS), optional: true },
      width: { rule: pixels, optional: true },
      height: { rule: pixels, optional: true },
    },
  },
  labels: { rule: labels, optional: true },
  output: {
    rule: { name: { rule: text }, activation: { rule: oneOf(ACTIVATIONS) } },
    optional: true,
  },
  sample: { rule: inside, optional: true },
};

/** Every problem of a manifest, each with the field it concerns. */
export function checkManifest(json: unknown): string[] {
  if (!isRecord(json)) return ['it is not a JSON object'];
  const problems: string[] = [];
  check(json, FIELDS, '', problems);
  const { input } = json;
  if (isRecord(input) && CHANNELS.includes(input['channels'] as 'RGB')) {
    const wanted = input['channels'] === 'gray' ? 1 : 3;
    for (const name of ['mean', 'std']) {
      const values = input[name];
      if (Array.isArray(values) && values.length !== wanted) {
        problems.push(
          `input.${name} has ${values.length} values, but ${input['channels']} has ${wanted} channels`,
        );
      }
    }
  }
  return problems;
}

function check(json: Record<string, unknown>, fields: Fields, prefix: string, problems: string[]): void {
  for (const [name, { rule, optional }] of Object.entries(fields)) {
    const value = Object.hasOwn(json, name) ? json[name] : undefined;
    if (value === undefined) {
      if (!optional) problems.push(`${prefix}${name} is missing`);
    } else if (typeof rule === 'function') {
      const wanted = rule(value);
      if (wanted) problems.push(`${prefix}${name} is ${shown(value)}, but must be ${wanted}`);
    } else if (isRecord(value)) {
      check(value, rule, `${prefix}${name}.`, problems);
    } else {
      problems.push(`${prefix}${name} is ${shown(value)}, but must be an object`);
    }
  }
  for (const name of Object.keys(json)) {
    if (!Object.hasOwn(fields, name)) problems.push(`${prefix}${name} is not a field of a manifest`);
  }
}

/** True for a relative path, with `/` between its parts, that does not leave the folder it starts from. */
export function isInside(path: string): boolean {
  if (path.includes('\0') || path.includes('\\') || isAbsolute(path) || /^[a-z]:/i.test(path)) return false;
  const [first] = relative('.', path).split(sep);
  return first !== '' && first !== '..';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value);
  return json.length > 60 ? `${json.slice(0, 57)}...` : json;
}
