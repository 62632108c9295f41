import { isAbsolute, relative, sep } from 'node:path';
import { ENCODINGS } from './detection/box.ts';
import {
  CLASS_ACTIVATIONS,
  type Detection,
  SCORE_ACTIVATIONS,
  UNITS,
  YOLO_LAYOUTS,
} from './detection/spec.ts';
import { COORDINATES, LIKES, RESIZES, resizeProblems } from './pictures/resampling.ts';

export const CHANNELS = ['RGB', 'BGR', 'gray'] as const;
export const FITS = ['cover', 'contain', 'stretch'] as const;
export const TASKS = ['classification', 'detection', 'tensor'] as const;
export const ACTIVATIONS = ['none', 'softmax'] as const;
export const LAYOUTS = ['NCHW', 'NHWC'] as const;

const anything = () => undefined;

/** What a field must be, in words, where the value is not that; undefined where it is. */
type Rule = (value: unknown) => string | undefined;
/** A field is a value, an object, or a list of objects, which stands here as a list of one. */
interface Fields {
  readonly [name: string]: { readonly rule: Rule | Fields | readonly [Fields]; readonly optional?: true };
}

const text: Rule = (value) => (typeof value === 'string' && value.trim() !== '' ? undefined : 'a text');
const factor: Rule = (value) => (Number.isFinite(value) && value !== 0 ? undefined : 'a number other than 0');
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

const positive: Rule = (value) =>
  Number.isFinite(value) && (value as number) > 0 ? undefined : 'a number above 0';
const files: Rule = (value) =>
  isRecord(value) && Object.keys(value).length > 0 && Object.values(value).every((path) => !inside(path))
    ? undefined
    : 'an object of files inside the folder of the manifest, by tensor';
const shapes: Rule = (value) =>
  isRecord(value) && Object.values(value).every(isShape)
    ? undefined
    : 'an object of lists of whole numbers from 1 up, by input';

function isShape(value: unknown): boolean {
  return Array.isArray(value) && value.every((extent) => Number.isSafeInteger(extent) && extent > 0);
}

function oneOf(values: readonly string[]): Rule {
  return (value) => (values.includes(value as string) ? undefined : `one of ${values.join(', ')}`);
}

function numbers(what: string, fits: (value: number) => boolean): Rule {
  return (value) =>
    Array.isArray(value) && value.length > 0 && value.every((each) => Number.isFinite(each) && fits(each))
      ? undefined
      : what;
}

const colour: Rule = (value) =>
  Array.isArray(value) &&
  value.length === 3 &&
  value.every((part) => Number.isInteger(part) && part >= 0 && part <= 255)
    ? undefined
    : 'three whole numbers from 0 to 255: red, green, blue';

const flag: Rule = (value) => (typeof value === 'boolean' ? undefined : 'true or false');

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
      scale: { rule: factor },
      mean: { rule: numbers('a list of numbers', () => true) },
      std: { rule: numbers('a list of numbers other than 0', (value) => value !== 0) },
      fit: { rule: oneOf(FITS) },
      resize: { rule: oneOf(RESIZES), optional: true },
      antialias: { rule: flag, optional: true },
      like: { rule: oneOf(LIKES), optional: true },
      coordinates: { rule: oneOf(COORDINATES), optional: true },
      background: { rule: colour, optional: true },
      width: { rule: pixels, optional: true },
      height: { rule: pixels, optional: true },
      layout: { rule: oneOf(LAYOUTS), optional: true },
    },
    optional: true,
  },
  shapes: { rule: shapes, optional: true },
  labels: { rule: labels, optional: true },
  output: {
    rule: { name: { rule: text }, activation: { rule: oneOf(ACTIVATIONS) } },
    optional: true,
  },
  sample: { rule: inside, optional: true },
  golden: {
    rule: [{ inputs: { rule: files }, outputs: { rule: files }, tolerance: { rule: positive } }],
    optional: true,
  },
  // which fields it has depends on its type
  detection: { rule: anything, optional: true },
};

const fraction: Rule = (value) =>
  Number.isFinite(value) && (value as number) >= 0 && (value as number) <= 1
    ? undefined
    : 'a number from 0 to 1';
const count =
  (most: number): Rule =>
  (value) =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most
      ? undefined
      : `a whole number from 0 to ${most}`;
const lists =
  (length: number, what: string): Rule =>
  (value) =>
    Array.isArray(value) && value.length > 0 && value.every((list) => isNumbers(list, length))
      ? undefined
      : what;
const variances: Rule = (value) =>
  isNumbers(value, 2) ? undefined : 'two numbers: of the centre, of the size';
const strides: Rule = (value) =>
  isShape(value) && (value as []).length > 0 ? undefined : 'a list of whole numbers of pixels';
const keypoints: Rule = (value) =>
  isShape(value) &&
  isNumbers(value, 2) &&
  (value as number[])[0]! <= 1000 &&
  [2, 3].includes((value as number[])[1]!)
    ? undefined
    : '[how many, 2 or 3]: up to 1000, each x and y, or x, y and how sure';
const grids: Rule = (value) => {
  const valid =
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((grid) => isRecord(grid) && !text(grid['output']) && !lists(2, '')(grid['anchors'])) &&
    value.every((grid) => Object.keys(grid).length === 2);
  return valid ? undefined : 'a list of { output: a text, anchors: a list of [width, height] }';
};

function isNumbers(value: unknown, length: number): boolean {
  return Array.isArray(value) && value.length === length && value.every(Number.isFinite);
}

const THRESHOLDS: Fields = {
  type: { rule: text },
  scoreThreshold: { rule: fraction, optional: true },
  iouThreshold: { rule: fraction, optional: true },
  maxDetections: { rule: count(300), optional: true },
  classAgnostic: { rule: flag, optional: true },
};

/** Of src/formats/detection/spec.ts. */
const DETECTION_FIELDS = {
  ssd: {
    ...THRESHOLDS,
    boxes: { rule: text },
    scores: { rule: text },
    classes: { rule: text, optional: true },
    encoding: { rule: oneOf(ENCODINGS) },
    units: { rule: oneOf(UNITS) },
    activation: { rule: oneOf(SCORE_ACTIVATIONS), optional: true },
    background: { rule: count(100_000), optional: true },
    priors: { rule: lists(4, 'a list of [cx, cy, width, height]'), optional: true },
    variances: { rule: variances, optional: true },
  },
  yolo: {
    ...THRESHOLDS,
    output: { rule: text, optional: true },
    layout: { rule: oneOf(YOLO_LAYOUTS) },
    objectness: { rule: flag, optional: true },
    units: { rule: oneOf(UNITS), optional: true },
    encoding: { rule: oneOf(ENCODINGS), optional: true },
    strides: { rule: strides, optional: true },
    keypoints: { rule: keypoints, optional: true },
  },
  'yolo-grid': {
    ...THRESHOLDS,
    grids: { rule: grids },
    anchorUnits: { rule: oneOf(['pixels', 'cells']), optional: true },
    activation: { rule: oneOf(CLASS_ACTIVATIONS), optional: true },
  },
} as const satisfies Readonly<Record<Detection['type'], Fields>>;

const RESIZE_FIELD = /^input\.(resize|antialias|like|coordinates) /;

/** Every problem of a manifest, each with the field it concerns. */
export function checkManifest(json: unknown): string[] {
  if (!isRecord(json)) return ['it is not a JSON object'];
  const problems: string[] = [];
  check(json, FIELDS, '', problems);
  problems.push(...detectionProblems(json));
  const { input } = json;
  // combinations of fields that are each right
  if (isRecord(input) && !problems.some((problem) => RESIZE_FIELD.test(problem)))
    problems.push(...resizeProblems(input));
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

/** A detection model says how its outputs become boxes; no other one does. */
function detectionProblems({ task, detection }: Record<string, unknown>): string[] {
  if (task !== 'detection')
    return detection === undefined ? [] : [`detection is for the task detection, not ${shown(task)}`];
  if (!isRecord(detection)) return ['detection is missing, or no object: it says how outputs become boxes'];
  const { type } = detection;
  const known = typeof type === 'string' && Object.hasOwn(DETECTION_FIELDS, type);
  if (!known)
    return [
      `detection.type is ${shown(type)}, but must be one of ${Object.keys(DETECTION_FIELDS).join(', ')}`,
    ];
  const problems: string[] = [];
  check(detection, DETECTION_FIELDS[type as keyof typeof DETECTION_FIELDS], 'detection.', problems);
  if (detection['priors'] && !String(detection['encoding']).startsWith('centre'))
    problems.push('detection.priors are for the encodings centre and centre-yx');
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
    } else if (isList(rule)) {
      checkEach(value, rule[0], `${prefix}${name}`, problems);
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

function checkEach(value: unknown, fields: Fields, path: string, problems: string[]): void {
  if (!Array.isArray(value) || !value.every(isRecord)) {
    problems.push(`${path} is ${shown(value)}, but must be a list of objects`);
    return;
  }
  for (const [at, each] of value.entries()) check(each, fields, `${path}[${at}].`, problems);
}

function isList(rule: Fields | readonly [Fields]): rule is readonly [Fields] {
  return Array.isArray(rule);
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
