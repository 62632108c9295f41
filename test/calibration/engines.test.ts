import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../src/base/logger.ts';
import { DeviceCalibration } from '../../src/calibration/device.ts';
import { engineNamed } from '../../src/engine/engines.ts';
import { loadedEngines } from '../support/engines.ts';

const benchmark = { budgetMs: 50, longestMs: 5, maxProbeBytes: 1e6 };

describe('a calibration belongs to its engine', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isobath-calibration-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('each engine can be calibrated, and none takes the figures of another', async () => {
    expect(loadedEngines).toEqual(expect.arrayContaining(['onnxruntime', 'tfjs-wasm']));
    const file = join(folder, 'calibration.json');
    for (const name of loadedEngines) {
      const engine = engineNamed(name, { threads: 1 });
      await engine.start();
      const device = new DeviceCalibration({ engine, file, logger: silentLogger, benchmark });
      expect(await device.stored()).toBeUndefined();
      const profile = await device.measure();
      expect(profile.secondsPerMac.conv[0]!.secondsPerMac).toBeGreaterThan(0);
      expect(await device.stored()).toEqual(profile);
      await engine.stop();
    }
  });
});
