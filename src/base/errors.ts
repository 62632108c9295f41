import { CATALOGUE, type ErrorCode } from './catalogue.ts';

type Placeholders<T extends string> = T extends `${string}{${infer P}}${infer Rest}`
  ? P | Placeholders<Rest>
  : never;
type Details<C extends ErrorCode> = {
  readonly [P in Placeholders<(typeof CATALOGUE)[C]['message' | 'cure']>]: string | number;
};

/** How an error travels between processes and appears in `--json` output. */
export interface ErrorJson {
  readonly code: string;
  readonly message: string;
  readonly cure: string;
}

/** UTF-16 units of a message or cure in an error that travels. */
const MAX_TEXT = 4096;

/** The one error class that users see: a code of the catalogue, what happened, and what to do. */
export class IsobathError extends Error {
  override readonly name = 'IsobathError';
  readonly code: string;
  readonly cure: string;

  private constructor(json: ErrorJson, cause?: unknown) {
    super(json.message, cause === undefined ? undefined : { cause });
    this.code = json.code;
    this.cure = json.cure;
  }

  static of<C extends ErrorCode>(code: C, details: Details<C>, cause?: unknown): IsobathError {
    const { message, cure } = CATALOGUE[code];
    return new IsobathError({ code, message: fill(message, details), cure: fill(cure, details) }, cause);
  }

  /** An error that another process reported; unknown codes of newer versions are kept as they are. */
  static revive(json: ErrorJson): IsobathError {
    return new IsobathError(json);
  }

  /** Keeps a coded error as it is; anything else becomes ISO_ERR_INTERNAL. */
  static from(error: unknown): IsobathError {
    return error instanceof IsobathError
      ? error
      : IsobathError.of('ISO_ERR_INTERNAL', { reason: reasonOf(error) }, error);
  }

  /** Cut to what the protocol lets pass: a receiver would refuse a longer text, and wait for ever. */
  toJSON(): ErrorJson {
    return { code: this.code, message: this.message.slice(0, MAX_TEXT), cure: this.cure.slice(0, MAX_TEXT) };
  }
}

/** One line of text for anything that was thrown. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.split('\n', 1)[0]!.trim();
}

function fill(template: string, details: Readonly<Record<string, string | number>>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => String(details[name]));
}
