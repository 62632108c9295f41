import type { Choices } from './random.ts';

/** The files of a model, by their names; the model itself is `entry`. */
export interface Model {
  readonly name: string;
  readonly entry: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Changes a model in one way; undefined where it has nothing that can be changed so. */
export interface Mutator {
  readonly name: string;
  mutate(model: Model, choices: Choices): Model | undefined;
}

export function withFile(model: Model, file: string, bytes: Uint8Array): Model {
  return { ...model, files: new Map([...model.files, [file, bytes]]) };
}

/** Whatever the format is: bytes are changed, cut off, doubled, or a file is missing. */
export const BYTE_MUTATORS: readonly Mutator[] = [
  onBytes('flip bytes', (bytes, choices) => {
    const flipped = Uint8Array.from(bytes);
    // most of a model is filters, in which a change does little: the structure lies at the ends
    const reach = choices.below(2) === 0 ? bytes.length : Math.min(bytes.length, 400);
    for (let left = 1 + choices.below(6); left > 0; left -= 1) {
      const at = choices.below(reach);
      flipped[choices.below(2) === 0 ? at : bytes.length - 1 - at] = choices.below(256);
    }
    return flipped;
  }),
  onBytes('flip a bit', (bytes, choices) => {
    const flipped = Uint8Array.from(bytes);
    flipped[choices.below(bytes.length)]! ^= 1 << choices.below(8);
    return flipped;
  }),
  onBytes('truncate', (bytes, choices) => bytes.slice(0, choices.below(bytes.length))),
  onBytes('cut out', (bytes, choices) => {
    const start = choices.below(bytes.length);
    const end = start + 1 + choices.below(40);
    return Uint8Array.from([...bytes.subarray(0, start), ...bytes.subarray(end)]);
  }),
  onBytes('double a part', (bytes, choices) => {
    const start = choices.below(bytes.length);
    const part = bytes.subarray(start, start + 1 + choices.below(60));
    return Uint8Array.from([...bytes.subarray(0, start), ...part, ...bytes.subarray(start)]);
  }),
  {
    name: 'lose a file',
    mutate(model, choices) {
      const others = [...model.files.keys()].filter((file) => file !== model.entry);
      const lost = choices.of(others);
      if (lost === undefined) return undefined;
      return { ...model, files: new Map([...model.files].filter(([file]) => file !== lost)) };
    },
  },
];

function onBytes(name: string, change: (bytes: Uint8Array, choices: Choices) => Uint8Array): Mutator {
  return {
    name,
    mutate(model, choices) {
      const file = choices.of([...model.files.keys()])!;
      const bytes = model.files.get(file)!;
      return bytes.length === 0 ? undefined : withFile(model, file, change(bytes, choices));
    },
  };
}
