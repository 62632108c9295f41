import { IsobathError } from '../base/errors.ts';

const DATA_URL = /^data:[^,]*?(;base64)?,/i;
/** The alphabet of RFC 4648, both forms; lines may be broken. */
const BASE64 = /^[A-Za-z0-9+/_\-\s]+={0,2}\s*$/;
const JSON_TEXT = /^\s*[[{]/;

/** The bytes that a text stands for: a data URL, JSON, or base64. Throws ISO_ERR_INPUT_UNREADABLE. */
export function bytesOfText(text: string): Uint8Array {
  const url = DATA_URL.exec(text.slice(0, 256));
  if (url) {
    const data = text.slice(url[0].length);
    return url[1] ? base64(data, 'the data URL') : Buffer.from(decodeURIComponent(data), 'latin1');
  }
  return JSON_TEXT.test(text) ? Buffer.from(text) : base64(text, 'the text');
}

function base64(text: string, what: string): Uint8Array {
  if (!BASE64.test(text)) {
    const reason = `${what} is neither base64, a data URL nor JSON`;
    throw IsobathError.of('ISO_ERR_INPUT_UNREADABLE', { file: 'payload', reason });
  }
  return Buffer.from(text, 'base64');
}
