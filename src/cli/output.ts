import { styleText } from 'node:util';
import type { IsobathError } from '../base/errors.ts';

type Style = Parameters<typeof styleText>[0];

/** What the two streams are, told apart so that tests can play a terminal. */
export interface Streams {
  readonly out: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly err: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Everything that a command says. Results go to standard output: text for people, or with `--json` exactly one document,
 * errors too. Progress goes to standard error, and only to a terminal.
 */
export class Output {
  readonly json: boolean;
  readonly debug: boolean;
  readonly #streams: Streams;
  readonly #colours: { readonly out: boolean; readonly err: boolean };
  #progressShown = false;
  #result: object | undefined;
  #announced = false;

  constructor(streams: Streams, { json = false, debug = false } = {}) {
    this.#streams = streams;
    this.json = json;
    this.debug = debug;
    const { NO_COLOR, TERM } = streams.environment;
    const plain = Boolean(NO_COLOR) || TERM === 'dumb';
    this.#colours = { out: !plain && streams.out.isTTY === true, err: !plain && streams.err.isTTY === true };
  }

  /** Colour for a text that goes to standard output. */
  style(style: Style, text: string): string {
    return this.#colours.out ? styleText(style, text, { validateStream: false } as never) : text;
  }

  /** The result: `document` with `--json`, else `text`. To be called once. */
  result(document: object, text: () => string): void {
    this.clearProgress();
    if (this.json) this.#result = document;
    else this.#streams.out.write(`${text().trimEnd()}\n`);
  }

  /** What a service says when it is ready, on one line, with `--json` only: people read its log. */
  announce(document: object): void {
    if (this.json) this.#streams.out.write(`${JSON.stringify(document)}\n`);
    this.#announced = true;
  }

  /** One line that the next one overwrites. */
  progress(text: string): void {
    if (this.json || this.#streams.err.isTTY !== true) return;
    this.#streams.err.write(`\r\x1b[2K${text}`);
    this.#progressShown = true;
  }

  clearProgress(): void {
    if (this.#progressShown) this.#streams.err.write('\r\x1b[2K');
    this.#progressShown = false;
  }

  error(error: IsobathError): void {
    this.clearProgress();
    if (this.json && !this.#announced) this.#result = { ...this.#result, error: error.toJSON() };
    else {
      const paint = (style: Style, text: string) => (this.#colours.err ? styleText(style, text) : text);
      this.#streams.err.write(`${paint('red', error.code)}: ${error.message}\n${error.cure}\n`);
    }
    if (this.debug) this.#streams.err.write(`${traceOf(error)}\n`);
  }

  /** Writes the one document. Called at the end, so that an error after the result is in it as well. */
  end(): void {
    this.clearProgress();
    if (this.#result) this.#streams.out.write(`${JSON.stringify(this.#result, null, 2)}\n`);
    this.#result = undefined;
  }
}

function traceOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\nCaused by: ${traceOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
