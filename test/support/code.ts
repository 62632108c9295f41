import { expect } from '@jest/globals';
import type { ErrorCode } from '../../src/base/catalogue.ts';

/** What an error with this code looks like, for `toThrow` and `rejects.toEqual`; `text` is part of its message. */
export function coded(code: ErrorCode, text = ''): Error {
  return expect.objectContaining({ code, message: expect.stringContaining(text) }) as unknown as Error;
}
