import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { writeOnnx } from '../../src/formats/onnx/index.ts';
import { cli } from '../support/cli.ts';
import { sureModel } from '../support/sure-model.ts';
import { temporaryFolder } from '../support/temporary.ts';

describe('isobath verify of a model whose scores are as small as rounding', () => {
  it('measures what rounding does, says so, and keeps to a tolerance that is given', async () => {
    const file = join(await temporaryFolder(), 'sure.onnx');
    await writeFile(file, writeOnnx(sureModel().graph));
    const args = ['verify', file, '--agents', '3', '--scheme', 'input-depth', '--json'];
    const { code, stdout } = await cli(...args);
    const report = JSON.parse(stdout);
    expect([code, report.ok, report.bound.kind]).toEqual([0, true, 'noise']);
    expect(report.maxRelativeDifference).toBeGreaterThan(1e-4);
    expect(report.maxAbsDifference).toBeLessThanOrEqual(report.bound.limit);
    const strict = await cli(...args, '--tolerance', '1e-4');
    expect(strict.code).toBe(1);
    expect(JSON.parse(strict.stdout)).toMatchObject({ ok: false, bound: { kind: 'tolerance' } });
  });
});
