import { type Model, type Mutator, withFile } from './mutator.ts';
import { type Choices, ODD_NUMBERS } from './random.ts';

/** A place in parsed JSON: the object or list that holds a value, and the value's key. */
interface Place {
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

/** Changes the value at a place. `places` are all of the document. */
type Change = (place: Place, choices: Choices, places: readonly Place[]) => void;

const NAMES = [
  'Conv2D',
  'Dense',
  'same',
  'relu',
  'channels_first',
  'float16',
  'int32',
  '',
  '__proto__',
  '../x',
  '\0',
];

const CHANGES: Readonly<Record<string, Change>> = {
  'a field less': ({ holder, key }) => {
    if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else delete holder[key];
  },
  'an odd number': ({ holder, key }, choices) => {
    holder[key] = choices.of([...ODD_NUMBERS, 0.5, -0.25, 1e308])!;
  },
  'another text': ({ holder, key }, choices) => {
    holder[key] = choices.of(NAMES)!;
  },
  'another kind of value': ({ holder, key }, choices) => {
    holder[key] = choices.of<unknown>([null, true, [], {}, [[[]]], 'text', 7, [1, 2, 3, 4]])!;
  },
  'a value from elsewhere': ({ holder, key }, choices, places) => {
    const other = choices.of(places)!;
    holder[key] = structuredClone(other.holder[other.key]);
  },
  'a value twice': ({ holder, key }) => {
    if (Array.isArray(holder)) holder.splice(Number(key), 0, structuredClone(holder[Number(key)]));
    else holder[`${key}2`] = holder[key];
  },
  'values in another order': ({ holder, key }) => {
    const value = holder[key];
    if (Array.isArray(value)) value.reverse();
  },
  'deep nesting': ({ holder, key }) => {
    let value: unknown = 1;
    for (let depth = 0; depth < 3000; depth += 1) value = depth % 2 === 0 ? [value] : { config: value };
    holder[key] = value;
  },
};

function placesOf(json: unknown): Place[] {
  const found: Place[] = [];
  const waiting: unknown[] = [json];
  for (let value = waiting.pop(); waiting.length > 0 || value !== undefined; value = waiting.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    const holder = value as Record<string, unknown>;
    for (const key of Object.keys(holder)) {
      found.push({ holder, key });
      waiting.push(holder[key]);
    }
  }
  return found;
}

/** Changes of a document that leave it JSON. */
export const JSON_MUTATORS: readonly Mutator[] = Object.entries(CHANGES).map(([name, change]) => ({
  name,
  mutate(model: Model, choices: Choices): Model | undefined {
    try {
      const json = JSON.parse(Buffer.from(model.files.get(model.entry)!).toString());
      const places = placesOf(json);
      const place = choices.of(places);
      if (!place) return undefined;
      change(place, choices, places);
      return withFile(model, model.entry, Buffer.from(JSON.stringify(json)));
    } catch {
      // an earlier mutation broke it
      return undefined;
    }
  },
}));
