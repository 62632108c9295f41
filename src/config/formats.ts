import convict from 'convict';
import { SIZE } from '../estimator/quantities.ts';
import { OBJECTIVES } from '../planner/objective.ts';
import { PRECISIONS } from '../tensor/precision.ts';

type Refuse = (value: unknown) => string | undefined;

/** A whole number as YAML has it, or as text from the environment. */
function toNumber(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : value;
}

/** As people write it; a plain number is bytes. */
function toSize(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (value === '.inf') return Number.POSITIVE_INFINITY;
  return SIZE.read(value) ?? toNumber(value);
}

function toBoolean(value: unknown): unknown {
  return value === 'true' ? true : value === 'false' ? false : value;
}

/** Lists come from the environment as JSON, or as names between commas. */
function toList(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    if (/^\s*\[/.test(value)) return JSON.parse(value);
  } catch {
    return value;
  }
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

const whole =
  (min: number, max: number, what: string): Refuse =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max ? undefined : what;

const matching =
  (pattern: RegExp, what: string): Refuse =>
  (value) =>
    typeof value === 'string' && pattern.test(value) ? undefined : what;

function refuseUsers(value: unknown): string | undefined {
  const what = 'must be a list of `name` and `password`';
  if (!Array.isArray(value)) return what;
  const good = value.every(
    (user) =>
      typeof user?.name === 'string' &&
      user.name !== '' &&
      typeof user.password === 'string' &&
      user.password !== '' &&
      Object.keys(user).length === 2,
  );
  if (!good) return what;
  const names = value.map((user) => user.name);
  return new Set(names).size === names.length ? undefined : 'must name each user once';
}

const MODEL_KEYS = ['model', 'name', 'strategy', 'scheme', 'wire', 'objective', 'shapes'];

function refuseModels(value: unknown): string | undefined {
  if (!Array.isArray(value)) return 'must be a list of models';
  for (const entry of value) {
    if (typeof entry === 'string' && entry !== '') continue;
    if (typeof entry?.model !== 'string' || entry.model === '') {
      return 'must hold the name or path of a model each, or a mapping with `model`';
    }
    const unknown = Object.keys(entry).find((key) => !MODEL_KEYS.includes(key));
    if (unknown !== undefined) return `has the key ${unknown}; a model takes: ${MODEL_KEYS.join(', ')}`;
    const texts = ['name', 'strategy', 'scheme'].filter(
      (key) => key in entry && (typeof entry[key] !== 'string' || entry[key] === ''),
    );
    if (texts.length > 0) return `has a ${texts[0]} that is not a text`;
    if ('wire' in entry && !PRECISIONS.includes(entry.wire)) {
      return `has a wire that is none of ${PRECISIONS.join(', ')}`;
    }
    if ('objective' in entry && !OBJECTIVES.includes(entry.objective)) {
      return `has an objective that is none of ${OBJECTIVES.join(', ')}`;
    }
    if ('shapes' in entry && !isShapes(entry.shapes)) {
      return 'has shapes that are not lists of whole numbers by input name';
    }
  }
  return undefined;
}

function isShapes(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every(
      (shape) => Array.isArray(shape) && shape.every((extent) => Number.isSafeInteger(extent) && extent > 0),
    )
  );
}

const url = matching(
  /^((mqtts?|wss?):\/\/[^\s/]+(\/\S*)?)?$/,
  'must be a URL as in mqtt://host:1883 (or mqtts, ws, wss)',
);
const NAME = '[A-Za-z0-9._-]{1,128}';
const nameText = 'must be 1 to 128 letters, digits, dots, dashes and underscores';

const FORMATS: Readonly<
  Record<string, { readonly refuse: Refuse; readonly coerce?: (value: unknown) => unknown }>
> = {
  text: { refuse: (value) => (typeof value === 'string' ? undefined : 'must be a text') },
  name: { refuse: matching(new RegExp(`^${NAME}$`), nameText) },
  optionalName: { refuse: matching(new RegExp(`^(${NAME})?$`), nameText) },
  brokerUrl: { refuse: url },
  topic: {
    refuse: matching(
      /^[^\s/+#$][^\s+#]*[^\s/+#]$|^[^\s/+#$]$/,
      'must be levels of a topic as in homeassistant/status, without + and #',
    ),
  },
  port: { refuse: whole(0, 65_535, 'must be a port from 0 to 65535'), coerce: toNumber },
  optionalPort: { refuse: whole(-1, 65_535, 'must be a port from 0 to 65535, or -1'), coerce: toNumber },
  natural: {
    refuse: whole(0, Number.MAX_SAFE_INTEGER, 'must be a whole number from 0 up'),
    coerce: toNumber,
  },
  size: {
    refuse: (value) =>
      typeof value === 'number' && value >= 0
        ? undefined
        : `must be a size as in ${SIZE.like}, or .inf for no limit`,
    coerce: toSize,
  },
  count: { refuse: whole(1, Number.MAX_SAFE_INTEGER, 'must be a whole number from 1 up'), coerce: toNumber },
  positive: {
    refuse: (value) =>
      typeof value === 'number' && Number.isFinite(value) && value > 0
        ? undefined
        : 'must be a number above 0',
    coerce: toNumber,
  },
  flag: {
    refuse: (value) => (typeof value === 'boolean' ? undefined : 'must be true or false'),
    coerce: toBoolean,
  },
  users: { refuse: refuseUsers, coerce: toList },
  models: { refuse: refuseModels, coerce: toList },
};

let registered = false;

/** Makes the formats known to convict: its own ones take `12abc` for 12 and `nope` for true. */
export function registerFormats(): void {
  if (registered) return;
  registered = true;
  for (const [name, { refuse, coerce = (value: unknown) => value }] of Object.entries(FORMATS)) {
    const validate = (value: unknown) => {
      const problem = refuse(value);
      if (problem !== undefined) throw new Error(problem);
    };
    convict.addFormat({ name, validate, coerce });
  }
}
