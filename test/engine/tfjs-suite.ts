import { afterAll, beforeAll, it } from '@jest/globals';
import { engineConformance } from '../../src/engine/conformance.ts';
import { onnxConformance } from '../../src/engine/conformance-onnx.ts';
import type { TfjsEngine } from '../../src/engine/tfjs/engine.ts';
import { dataPath, describeWithData } from '../support/data.ts';

/** What an engine on TensorFlow.js must do. */
export function describeTfjs(make: () => TfjsEngine): void {
  for (const { name, run } of engineConformance(make)) it(name, run);

  describeWithData('on the single-operator cases of ONNX', () => {
    const engine = make();
    beforeAll(() => engine.start());
    afterAll(() => engine.stop());
    for (const { name, run } of onnxConformance(engine, dataPath('onnx-node'))) it(name, run);
  });
}
