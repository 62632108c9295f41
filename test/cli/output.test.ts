import { describe, expect, it } from '@jest/globals';
import { IsobathError } from '../../src/base/errors.ts';
import { Output } from '../../src/cli/output.ts';
import { bytesText, countText, table } from '../../src/cli/table.ts';

function play({ json = false, isTTY = false, environment = {} } = {}) {
  const written = { out: '', err: '' };
  const stream = (name: 'out' | 'err') => ({
    isTTY,
    write: (text: string) => {
      written[name] += text;
    },
  });
  const streams = { out: stream('out'), err: stream('err'), environment };
  return { written, output: new Output(streams, { json }) };
}

const error = IsobathError.of('ISO_ERR_INPUT_NOT_FOUND', { file: 'a.png' });

describe('Output', () => {
  it('shows neither colours nor progress in a pipe', () => {
    const { written, output } = play();
    output.progress('working');
    output.result({}, () => output.style('red', 'done'));
    output.end();
    expect(written).toEqual({ out: 'done\n', err: '' });
  });

  it('shows both on a terminal, and wipes the progress away', () => {
    const { written, output } = play({ isTTY: true });
    output.progress('working');
    output.result({}, () => output.style('red', 'done'));
    expect(written).toEqual({ out: '\x1b[31mdone\x1b[39m\n', err: '\r\x1b[2Kworking\r\x1b[2K' });
  });

  it.each([{ NO_COLOR: '1' }, { TERM: 'dumb' }])('shows no colours with %j', (environment) => {
    const { written, output } = play({ isTTY: true, environment });
    output.result({}, () => output.style('red', 'done'));
    expect(written.out).toBe('done\n');
  });

  it('writes one document with --json, the error in it', () => {
    const { written, output } = play({ json: true, isTTY: true });
    output.progress('working');
    output.result({ ok: false }, () => 'unused');
    output.error(error);
    output.end();
    expect(written.err).toBe('');
    expect(JSON.parse(written.out)).toEqual({ ok: false, error: error.toJSON() });
  });

  it('says what happened and what to do', () => {
    const { written, output } = play();
    output.error(error);
    expect(written.err).toBe(`ISO_ERR_INPUT_NOT_FOUND: There is no input file a.png.\nCheck the path.\n`);
  });
});

describe('tables', () => {
  it('align their columns', () => {
    const columns = [{ title: 'Layer' }, { title: 'Bytes', align: 'right' } as const, { title: 'Note' }];
    expect(
      table(columns, [
        ['convolution', '7', ''],
        ['fc', '12345', 'x'],
      ]),
    ).toBe(['Layer        Bytes  Note', 'convolution      7', 'fc           12345  x'].join('\n'));
  });

  it('shorten bytes and counts', () => {
    expect([0, 1023, 1536, 20 * 2 ** 20].map(bytesText)).toEqual(['0 B', '1023 B', '1.50 KiB', '20.0 MiB']);
    expect([0, 999, 1540, 15_470_264_320].map(countText)).toEqual(['0', '999', '1.54 k', '15.5 G']);
  });
});
